"""Files that people uploaded, kept outside the database.

One store per deployment, local or S3-compatible, behind `store.BlobStore`. A blob is written once
under a key of its own and never changed.
"""
