"""Jobs: work that is done later, by whichever process has a worker.

Owns the queue (Procrastinate, on PostgreSQL) and its worker. A job is stored in the same unit of
work as the data it is about, carries ids only, and may run twice.
"""
