"""Changing the embedding model: another generation of vectors is made beside the one in use."""
