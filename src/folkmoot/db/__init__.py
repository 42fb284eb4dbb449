"""The database: engine, roles, units of work, table bases, row-level security, migrations.

Owns how the rest talks to PostgreSQL; owns no table of its own.
"""
