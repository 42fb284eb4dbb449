"""The spine: a run is a row, and its append-only, hash-chained event log.

Owns runs, run events, the processes that hold them and the ledger of tool calls. Knows nothing of
agents or documents: features register an executor for each kind of run.
"""
