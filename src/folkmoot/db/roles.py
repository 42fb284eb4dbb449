"""The database's roles: who they are, their passwords, and the refusal to serve as a wrong one.

`owner` owns the tables and runs migrations; `app` serves requests and jobs; `writer` appends to
run logs of several organisations in one batch; `lookup` cannot log in and owns the few functions
that answer before a tenant is known. None of them is a superuser or bypasses row-level security.
"""

import base64
from enum import StrEnum
from typing import Final

import psycopg
from psycopg import conninfo, sql

from folkmoot.db.errors import DangerousRole, SecretKeyDiffers
from folkmoot.kit import crypto


class Role(StrEnum):
    OWNER = "folkmoot_owner"
    APP = "folkmoot_app"
    WRITER = "folkmoot_writer"
    LOOKUP = "folkmoot_lookup"


LOGINS = (Role.APP, Role.WRITER)

PATIENCE = 5
"""Seconds that the server has to let a role in."""

IN_USE = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE usename = ANY (%s))"


LIVENESS: Final = {
    "tcp_user_timeout": 10_000,  # milliseconds
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
}
"""How soon a server is noticed that is gone without a word; otherwise it takes hours."""


def password(secret_key: str, role: Role) -> str:
    """Derive a role's password from the deployment's secret key."""
    derived = crypto.derive(secret_key, f"database role {role}")
    return base64.urlsafe_b64encode(derived).decode().rstrip("=")


def address(owner: str, role: Role, secret_key: str) -> str:
    """Return the connection string of a role, made from the owner's."""
    patient = conninfo.make_conninfo(owner, **{**LIVENESS, **conninfo.conninfo_to_dict(owner)})
    return conninfo.make_conninfo(patient, user=role, password=password(secret_key, role))


def ensure(connection: psycopg.Connection[tuple[object, ...]], owner: str, secret_key: str) -> None:
    """Create the roles or set their passwords. Needs CREATEROLE; run before the migrations.

    Raises:
        SecretKeyDiffers: Processes are connected that would be locked out.
    """
    for role in (*LOGINS, Role.LOOKUP):
        _create(connection, role)
        name = sql.Identifier(role)
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(name))
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                sql.Identifier(connection.info.dbname), name
            )
        )
    if in_use(connection) and not lets_in(owner, secret_key):
        raise SecretKeyDiffers(Role.APP, in_use=True)
    for role in LOGINS:
        set_password(connection, role, secret_key)


def in_use(connection: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Whether a process is connected as one of the roles, on any database of the server."""
    row = connection.execute(IN_USE, (list(LOGINS),)).fetchone()
    return row == (True,)


def lets_in(owner: str, secret_key: str) -> bool:
    """Whether the password that follows from a secret key is the application's."""
    try:
        psycopg.connect(address(owner, Role.APP, secret_key), connect_timeout=PATIENCE).close()
    except psycopg.OperationalError:
        return False
    return True


def demand_entry(owner: str, secret_key: str) -> None:
    """Fail unless the roles' passwords are those that follow from a secret key."""
    if not lets_in(owner, secret_key):
        raise SecretKeyDiffers(Role.APP, in_use=False)


def _create(connection: psycopg.Connection[tuple[object, ...]], role: Role) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    if known is None:
        login = sql.SQL("LOGIN" if role in LOGINS else "NOLOGIN")
        statement = sql.SQL("CREATE ROLE {} {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE")
        connection.execute(statement.format(sql.Identifier(role), login))


def set_password(
    connection: psycopg.Connection[tuple[object, ...]], role: Role, secret_key: str
) -> None:
    """Set the derived password as a SCRAM verifier, so that its text never reaches the server."""
    verifier = connection.pgconn.encrypt_password(
        password(secret_key, role).encode(), role.encode(), b"scram-sha-256"
    )
    connection.execute(
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(
            sql.Identifier(role), sql.Literal(verifier.decode())
        )
    )


DANGERS = """
SELECT rolname, rolsuper, rolbypassrls,
       EXISTS (SELECT FROM pg_class WHERE relowner = r.oid)
       OR EXISTS (SELECT FROM pg_proc WHERE proowner = r.oid)
FROM pg_roles AS r WHERE rolname = current_user
"""


async def refuse_dangerous(connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
    """Fail if the connected role could see past row-level security."""
    row = await (await connection.execute(DANGERS)).fetchone()
    if row is None or any(row[1:]):
        raise DangerousRole(str(row[0]) if row else "unknown")
