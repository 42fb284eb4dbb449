"""Runs the migrations over the connection that `folkmoot.db.migrate` hands over."""

from alembic import context

LIBRARY_TABLES = ("procrastinate_", "alembic_")


def ours(name: str | None, kind: str, _parents: object) -> bool:
    """Leave the tables of libraries out of comparisons, and what refers to them."""
    theirs = (name or "").startswith(LIBRARY_TABLES)
    return not (kind in {"table", "foreign_key_constraint"} and theirs)


with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["tables"],
        include_name=ours,
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        connection.exec_driver_sql("SET lock_timeout = '5s'")
        context.run_migrations()
