"""The schema's way up, down and up again."""

import importlib
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import conninfo

import folkmoot
from conftest import SECRET_KEY, Postgres
from folkmoot.db import bootstrap, migrate
from folkmoot.db.errors import SchemaOutOfDate
from folkmoot.db.model import Model

SCHEMA = """
SELECT format('%s.%s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
              a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
  AND NOT a.attisdropped
LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'S')
UNION ALL
SELECT format('%s %s %s', c.relname, c.relacl, c.reloptions) FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT format('%s', pg_policies) FROM pg_policies WHERE schemaname = 'public'
UNION ALL
SELECT format('%s %s', pg_get_functiondef(p.oid), p.proacl) FROM pg_proc AS p
WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f' AND NOT EXISTS (
  SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
"""
OURS = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S')
UNION ALL
SELECT proname FROM pg_proc AS p WHERE pronamespace = 'public'::regnamespace AND NOT EXISTS (
  SELECT FROM pg_depend WHERE classid = 'pg_proc'::regclass AND objid = p.oid AND deptype = 'e')
UNION ALL
SELECT typname FROM pg_type AS t
WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd') AND NOT EXISTS (
  SELECT FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e')
"""


def rows(address: str, query: bytes) -> list[str]:
    with psycopg.connect(address) as connection:
        return sorted(str(value) for (value,) in connection.execute(query))


@pytest.fixture
def blank(database_server: Postgres) -> Iterator[str]:
    """An empty database of the owner's."""
    name = database_server.create_blank()
    try:
        yield conninfo.make_conninfo(database_server.owner, dbname=name)
    finally:
        database_server.drop(name)


def test_the_schema_goes_down_to_nothing_and_comes_up_the_same(owner_address: str) -> None:
    before = rows(owner_address, SCHEMA.encode())
    migrate.downgrade(owner_address, to="base")
    assert rows(owner_address, OURS.encode()) == ["alembic_version"]
    assert migrate.current(owner_address) is None
    migrate.upgrade(owner_address, SECRET_KEY)
    assert rows(owner_address, SCHEMA.encode()) == before


def test_every_migration_can_be_undone_by_itself(blank: str) -> None:
    for revision in sorted(path.stem for path in (migrate.HERE / "versions").glob("[0-9]*.py")):
        migrate.upgrade(blank, SECRET_KEY, to=revision)
        before = rows(blank, SCHEMA.encode())
        migrate.downgrade(blank, to="-1")
        migrate.upgrade(blank, SECRET_KEY, to=revision)
        assert rows(blank, SCHEMA.encode()) == before, revision
    assert migrate.current(blank) == migrate.head()


@pytest.mark.core
def test_the_schema_is_what_the_tables_in_the_code_declare(owner_address: str) -> None:
    for module in pkgutil.walk_packages(folkmoot.__path__, "folkmoot."):
        if module.name.endswith(".models"):
            importlib.import_module(module.name)
    migrate.check(owner_address, Model.metadata)


def test_of_two_migrations_at_once_one_waits_and_finds_nothing_to_do(blank: str) -> None:
    with ThreadPoolExecutor() as threads:
        both = [threads.submit(migrate.upgrade, blank, SECRET_KEY) for _ in range(2)]
    assert [upgrade.result() for upgrade in both] == [None, None]
    assert migrate.current(blank) == migrate.head()


def test_a_schema_of_another_build_is_not_served(owner_address: str, blank: str) -> None:
    migrate.demand_current(migrate.current(owner_address))
    for found in (migrate.current(blank), "0001_foundation"):
        with pytest.raises(SchemaOutOfDate, match="folkmoot migrate"):
            migrate.demand_current(found)


def test_preparing_a_server_again_changes_nothing(database_server: Postgres) -> None:
    assert bootstrap.prepare(database_server.superuser, SECRET_KEY) == database_server.owner
    assert migrate.current(database_server.owner) == migrate.head()
