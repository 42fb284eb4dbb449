"""Tools that agents call: what one is, what is wrapped around every one, and the built-in ones.

A slice's own tools live in its `toolset.py` and are handed over by `main.py`. Behaviour that all
tools share is added by wrapping, one concept a file.
"""
