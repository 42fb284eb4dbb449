"""Collections of documents and the ways to find something in them.

Owns `collections`, `documents`, their chunks and the two indexes over them: words and vectors.
A document becomes searchable by a run of kind `ingest`: parse, chunk, embed, index.
"""
