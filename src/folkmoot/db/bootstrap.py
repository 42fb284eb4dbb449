"""Prepare an embedded server: a database of our own and an owner who is no superuser."""

from typing import LiteralString

import psycopg
from psycopg import conninfo, sql

from folkmoot.db import roles
from folkmoot.db.roles import Role

DATABASE = "folkmoot"


def prepare(superuser: str, secret_key: str) -> str:
    """Create the owner and the database unless they exist; return the owner's address.

    Args:
        superuser: Connection string of the server's superuser.
        secret_key: The deployment's secret key, from which passwords are derived.
    """
    with psycopg.connect(superuser, autocommit=True) as connection:
        if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", Role.OWNER):
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS").format(
                    sql.Identifier(Role.OWNER)
                )
            )
        roles.set_password(connection, Role.OWNER, secret_key)
        if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(Role.OWNER)
                )
            )
    # Only a superuser may create the extension: the wheel's copy of it is not marked as trusted.
    with psycopg.connect(superuser, dbname=DATABASE, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    return conninfo.make_conninfo(roles.address(superuser, Role.OWNER, secret_key), dbname=DATABASE)


def _exists(
    connection: psycopg.Connection[tuple[object, ...]], query: LiteralString, name: str
) -> bool:
    return connection.execute(sql.SQL(query), (name,)).fetchone() is not None
