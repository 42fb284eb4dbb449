"""Other stores that can be asked for what is near: Qdrant, Chroma, Pinecone.

PostgreSQL keeps the vectors in any case. A store is an index of them: it proposes places, and what
stands there is looked up and compared in PostgreSQL, under row-level security.
"""
