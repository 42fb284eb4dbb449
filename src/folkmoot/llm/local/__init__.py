"""Embedding and reranking on this machine, each model in a process that ends when it is idle.

The process keeps the model's libraries and memory (about 250 MB) out of the server; a crash in
native code ends it alone.
"""
