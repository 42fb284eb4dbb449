"""Tool calls that wait for a person: asking, deciding, and going on once all is decided.

A run that has to ask ends as interrupted and waits. What continues it is a run of its own, made in
the transaction of the last decision: it reads the logs of those before it and makes the calls that
were approved, once.
"""
