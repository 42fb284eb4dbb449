"""No table is forgotten: each belongs to one contribution, or somebody has said why to none."""

from collections import Counter

import psycopg
import pytest

from folkmoot.assembly import Parts
from folkmoot.personal import NOT_PERSONAL
from whole import TABLES

LIBRARY = "procrastinate_"
pytestmark = pytest.mark.anyio

WHOSE = """
SELECT DISTINCT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND (column_name LIKE '%user_id' OR column_name LIKE '%actor_id'
  OR column_name ~ '_by$' OR column_name ~ 'email|recipient|address|user_agent')
"""


def tables(superuser: str, statement: str) -> set[str]:
    with psycopg.connect(superuser) as connection:
        found = connection.execute(statement.encode()).fetchall()
    return {str(name) for (name,) in found if not str(name).startswith(LIBRARY)}


async def test_every_table_belongs_to_one_contribution_or_to_none_for_a_reason(
    parts: Parts, superuser_address: str
) -> None:
    named = Counter(table for each in parts.personal.contributions for table in each.tables)
    named.update(list(NOT_PERSONAL))
    assert set(named) == tables(superuser_address, TABLES)
    assert {table for table, count in named.items() if count > 1} == set()
    assert all(NOT_PERSONAL.values())


async def test_what_names_a_person_belongs_to_a_contribution(
    parts: Parts, superuser_address: str
) -> None:
    theirs = {table for each in parts.personal.contributions for table in each.tables}
    assert tables(superuser_address, WHOSE) <= theirs


async def test_what_runs_add_to_until_their_end_goes_after_them(parts: Parts) -> None:
    ordered = enumerate(parts.personal.contributions)
    place = {table: number for number, each in ordered for table in each.tables}
    assert place["conversations"] < place["runs"]
    assert place["runs"] < min(place["approvals"], place["cached_answers"])


async def test_a_new_table_would_not_go_unnoticed(parts: Parts, superuser_address: str) -> None:
    with psycopg.connect(superuser_address) as connection:
        connection.execute("CREATE TABLE diaries (user_id uuid)")
    named = {table for each in parts.personal.contributions for table in each.tables}
    assert tables(superuser_address, TABLES) - named - set(NOT_PERSONAL) == {"diaries"}
    assert tables(superuser_address, WHOSE) - named == {"diaries"}
