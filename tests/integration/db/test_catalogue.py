"""The audit of the schema: clean as it is, and able to find what would break it."""

from collections.abc import Iterator

import psycopg
import pytest

from folkmoot.db import catalogue

Connection = psycopg.Connection[tuple[object, ...]]

TENANT = "(org_id uuid NOT NULL, id uuid NOT NULL, PRIMARY KEY (org_id, id))"
FOREIGN = (
    f"CREATE TABLE a {TENANT}; CREATE TABLE b {TENANT}; ALTER TABLE a ADD UNIQUE (id);"
    " ALTER TABLE b ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES a (id)"
)
FORCED = "ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
LOOSE_FUNCTION = "RETURNS {} LANGUAGE sql SECURITY DEFINER {} AS 'SELECT NULL::{}'"


@pytest.fixture
def connection(superuser_address: str) -> Iterator[Connection]:
    """A superuser in a database of this test; nothing it does to roles is kept."""
    with psycopg.connect(superuser_address) as connection:
        yield connection
        connection.rollback()


@pytest.mark.core
def test_the_schema_keeps_every_rule(connection: Connection) -> None:
    assert catalogue.audit(connection) == []


def test_the_application_itself_can_ask(app_address: str) -> None:
    with psycopg.connect(app_address) as connection:
        assert catalogue.audit(connection) == []


@pytest.mark.parametrize(
    ("change", "thing", "rule"),
    [
        (f"CREATE TABLE stray {TENANT}", "stray", "forced on every table"),
        (f"CREATE TABLE stray {TENANT}", "stray", "shared holds nothing of a tenant"),
        ("ALTER TABLE users NO FORCE ROW LEVEL SECURITY", "users", "forced on every table"),
        ("ALTER TABLE runs DISABLE ROW LEVEL SECURITY", "runs", "forced on every table"),
        (
            "ALTER TABLE processes ADD org_id uuid NOT NULL",
            "processes",
            "shared holds nothing of a tenant",
        ),
        (
            "GRANT DELETE ON runs TO folkmoot_writer",
            "runs: DELETE by folkmoot_writer",
            "a policy limits",
        ),
        (
            "GRANT UPDATE (name) ON users TO folkmoot_lookup",
            "users: UPDATE by folkmoot_lookup",
            "a policy limits",
        ),
        ("DROP POLICY tenant ON teams", "teams: INSERT by folkmoot_app", "a policy limits"),
        (
            "GRANT TRUNCATE ON users TO folkmoot_app",
            "users: TRUNCATE by folkmoot_app",
            "empty, reference or put triggers",
        ),
        ("GRANT SELECT ON users TO PUBLIC", "users: SELECT by -", "everybody may do nothing"),
        (
            "CREATE POLICY open ON users TO folkmoot_app USING (true)",
            "users: open",
            "names the tenant",
        ),
        (
            "CREATE POLICY open ON users FOR INSERT TO folkmoot_app WITH CHECK (name <> '')",
            "users: open",
            "names the tenant",
        ),
        (
            "CREATE POLICY open ON users USING (id = current_setting('app.user')::uuid)",
            "users: open",
            "a policy is for named roles",
        ),
        ("CREATE VIEW people AS SELECT * FROM users", "people", "views look with the eyes"),
        ("CREATE MATERIALIZED VIEW people AS SELECT 1", "people", "views look with the eyes"),
        (
            "CREATE FUNCTION peek() " + LOOSE_FUNCTION.format("uuid", "", "uuid"),
            "peek",
            "see past the wall are listed",
        ),
        (
            "ALTER FUNCTION identity_find_user(text) RESET search_path",
            "identity_find_user",
            "look names up where they should",
        ),
        (
            "ALTER FUNCTION identity_find_user(text) OWNER TO CURRENT_USER",
            "identity_find_user",
            "belong to a role that cannot log in",
        ),
        (
            "GRANT EXECUTE ON FUNCTION identity_find_user(text) TO PUBLIC",
            "identity_find_user",
            "not everybody's to call",
        ),
        (
            "DROP FUNCTION identity_find_user; CREATE FUNCTION identity_find_user(wanted text) "
            + LOOSE_FUNCTION.format("text", "SET search_path = public, pg_temp", "text"),
            "identity_find_user",
            "return ids",
        ),
        (
            "ALTER TABLE users ADD org_id uuid",
            "users",
            "no row is without its tenant",
        ),
        (
            "CREATE UNIQUE INDEX uq_names ON api_keys (name)",
            "uq_names",
            "unique within a tenant",
        ),
        (
            "CREATE UNIQUE INDEX uq_names ON api_keys (name, org_id)",
            "uq_names",
            "unique within a tenant",
        ),
        (
            FOREIGN,
            "b: fk",
            "rows of its own tenant",
        ),
        ("ALTER ROLE folkmoot_app BYPASSRLS", "folkmoot_app", "no powers"),
        ("ALTER ROLE folkmoot_writer SUPERUSER", "folkmoot_writer", "no powers"),
        ("ALTER ROLE folkmoot_lookup LOGIN", "folkmoot_lookup", "no powers"),
        (
            "CREATE ROLE other; GRANT other TO folkmoot_app",
            "folkmoot_app",
            "can become nobody else",
        ),
        ("ALTER TABLE users OWNER TO folkmoot_app", "folkmoot_app", "own nothing"),
        (
            "GRANT CREATE ON SCHEMA public TO folkmoot_app",
            "folkmoot_app",
            "can make nothing",
        ),
    ],
)
def test_what_would_break_a_rule_is_found(
    change: str, thing: str, rule: str, connection: Connection
) -> None:
    connection.execute(change.encode())
    found = [breach.rule for breach in catalogue.audit(connection) if breach.thing == thing]
    assert any(rule in broken for broken in found), catalogue.audit(connection)


def test_a_view_with_the_eyes_of_whoever_asks_is_no_breach(connection: Connection) -> None:
    connection.execute("CREATE VIEW people WITH (security_invoker = true) AS SELECT id FROM users")
    assert catalogue.audit(connection) == []


def test_a_forced_table_that_nobody_may_touch_is_no_breach(connection: Connection) -> None:
    connection.execute(f"CREATE TABLE closed {TENANT}; ALTER TABLE closed {FORCED}".encode())
    assert catalogue.audit(connection) == []
