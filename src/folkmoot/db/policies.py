"""Row-level security as the migrations create it: one helper, so that no table forgets a part.

The tenant is a transaction-local setting. `current_setting` stands in a sub-select so that it is
evaluated once per statement and not once per row.
"""

from collections.abc import Iterable

from alembic import op

from folkmoot.db.roles import Role

ORG = "(SELECT nullif(current_setting('app.org', true), '')::uuid)"
ORGS = "((SELECT nullif(current_setting('app.orgs', true), '')::uuid[])::uuid[])"
USER = "(SELECT nullif(current_setting('app.user', true), '')::uuid)"
TEAMS = "((SELECT nullif(current_setting('app.teams', true), '')::uuid[])::uuid[])"

BY_ORG = f"org_id = {ORG}"
BY_LEVEL = (
    f"{BY_ORG} AND (user_id IS NULL OR user_id = {USER})"
    f" AND (team_id IS NULL OR team_id = ANY {TEAMS})"
)
NOWHERE = f"{ORG} IS NULL"
BY_BATCH = f"org_id = ANY {ORGS}"
LOOKING_ROUND = "(SELECT current_setting('app.platform', true)) = 'on'"
ADMIN = f"EXISTS (SELECT FROM platform_admins AS p WHERE p.user_id = {USER})"
PLATFORM = f"{NOWHERE} AND {LOOKING_ROUND} AND {ADMIN}"
"""A platform admin who acts in no organisation and has said that they look at all of them."""


LET_OWNER = """
DO $body$ BEGIN
  IF EXISTS (SELECT FROM pg_attribute
             WHERE attrelid = '{table}'::regclass AND attname = 'org_id' AND NOT attisdropped)
  THEN
    CREATE POLICY purge ON {table} TO CURRENT_USER USING (org_id = {org});
  END IF;
END $body$
"""


def protect(
    table: str,
    *,
    rule: str = BY_ORG,
    app: str = "SELECT, INSERT, UPDATE, DELETE",
) -> None:
    """Enable and force row-level security on a table and let `app` at the rows the rule admits.

    Args:
        table: The table.
        rule: The SQL condition a row must meet to be seen or written.
        app: The privileges of the application's role.
    """
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY tenant ON {table} TO {Role.APP} USING ({rule}) WITH CHECK ({rule})")
    op.execute(f"GRANT {app} ON {table} TO {Role.APP}")
    let_owner(table)


def change_rule(table: str, rule: str) -> None:
    """Let `app` at the rows that another rule admits, and at no others."""
    op.execute(f"ALTER POLICY tenant ON {table} USING ({rule}) WITH CHECK ({rule})")


def let_owner(table: str) -> None:
    """Let the owner at the rows of the organisation that its transaction names, to purge them.

    Nothing is done for a table without organisations.
    """
    op.execute(LET_OWNER.replace("{table}", table).replace("{org}", ORG))


def let_owner_end(table: str) -> None:
    """Let the owner at what has been deleted, to delete it for good."""
    op.execute(
        f"CREATE POLICY purge_deleted ON {table} TO CURRENT_USER USING (deleted_at IS NOT NULL)"
    )


def let_operator(table: str) -> None:
    """Let the owner at every row: it is for the deployment's operator to say what stands there."""
    op.execute(f"CREATE POLICY operator ON {table} TO CURRENT_USER USING (true) WITH CHECK (true)")


def let_writer(
    table: str,
    privileges: Iterable[str],
    *,
    commands: Iterable[str] = ("INSERT",),
) -> None:
    """Let the log writer at rows of the organisations that its transaction has listed."""
    op.execute(f"GRANT {', '.join(privileges)} ON {table} TO {Role.WRITER}")
    for command in commands:
        clauses = {
            "INSERT": f"WITH CHECK ({BY_BATCH})",
            "SELECT": f"USING ({BY_BATCH})",
            "UPDATE": f"USING ({BY_BATCH}) WITH CHECK ({BY_BATCH})",
        }[command]
        op.execute(
            f"CREATE POLICY writer_{command.lower()} ON {table} FOR {command}"
            f" TO {Role.WRITER} {clauses}"
        )


def let_lookup(
    table: str,
    columns: Iterable[str],
    *,
    commands: Iterable[str] = ("SELECT",),
    rule: str = "true",
) -> None:
    """Let the look-up functions at the named columns of every tenant's rows.

    What is deleted is a row and not a column: that takes no names.

    Args:
        table: The table.
        columns: The columns.
        commands: What may be done with them.
        rule: The SQL condition that a row must meet, for those who do not need every tenant's.
    """
    named = ", ".join(columns)
    listed = f"({named})" if named else ""
    for command in commands:
        op.execute(f"GRANT {command} {listed} ON {table} TO {Role.LOOKUP}")
        clauses = {
            "SELECT": f"USING ({rule})",
            "INSERT": f"WITH CHECK ({rule})",
            "UPDATE": f"USING ({rule}) WITH CHECK ({rule})",
            "DELETE": f"USING ({rule})",
        }[command]
        op.execute(
            f"CREATE POLICY lookup_{command.lower()} ON {table} FOR {command}"
            f" TO {Role.LOOKUP} {clauses}"
        )


def lookup_function(
    signature: str, body: str, *, returns: str, roles: Iterable[Role] = (Role.APP,)
) -> None:
    """Create a function that answers before a tenant is known: with ids, or a small number.

    It runs as `lookup`, sees what `let_lookup` granted and can be called by the named roles.
    """
    op.execute(
        f"CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE sql VOLATILE SECURITY DEFINER"
        f" SET search_path = public, pg_temp AS $body$ {body} $body$"
    )
    name = signature.replace(" DEFAULT NULL", "")
    bare = name[: name.index("(")]
    op.execute(f"REVOKE ALL ON FUNCTION {bare} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {bare} TO {', '.join(roles)}")
    op.execute(f"ALTER FUNCTION {bare} OWNER TO {Role.LOOKUP}")


def lookup_trigger(name: str, event: str, body: str, *, when: str = "true") -> None:
    """Create a trigger and its function, which notes what becomes of rows, whoever changes them.

    It runs as `lookup` and sees what `let_lookup` granted; nobody can call it.

    Args:
        name: The name of both.
        event: What it follows: `AFTER UPDATE ON runs`.
        body: A block of PL/pgSQL.
        when: Of which rows.
    """
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
        f" SET search_path = public, pg_temp AS $body$ {body} $body$"
    )
    op.execute(
        f"CREATE TRIGGER {name} {event} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION {name}()"
    )
    op.execute(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC")
    op.execute(f"ALTER FUNCTION {name} OWNER TO {Role.LOOKUP}")


def let_read(table: str, policy: str, rule: str) -> None:
    """Let `app` read, and only read, rows beyond those that the rule of `protect` admits."""
    op.execute(f"CREATE POLICY {policy} ON {table} FOR SELECT TO {Role.APP} USING ({rule})")


def let_change(table: str, policy: str, rule: str) -> None:
    """Let `app` read and write rows beyond those, as far as it may write the table at all."""
    op.execute(
        f"CREATE POLICY {policy} ON {table} TO {Role.APP} USING ({rule}) WITH CHECK ({rule})"
    )
