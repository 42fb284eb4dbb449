"""Embedding on this machine, in a process of its own that ends when it has nothing to do.

The process keeps the model's libraries and memory (about 250 MB) out of the server; a crash in
native code ends it alone.
"""
