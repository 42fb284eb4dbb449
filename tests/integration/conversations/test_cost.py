"""What a turn reads and writes, however long its conversation is and however it has branched."""

import re
from collections.abc import Iterator
from typing import Any, Final

import psycopg
import pytest

from folkmoot.conversations import statements
from folkmoot.conversations.history import MOST_MESSAGES
from folkmoot.conversations.statements import Start
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs.opening import INSERT_RUN
from talking import Talker

pytestmark = pytest.mark.anyio

# Everything that was said before a message, in one branch and in a hundred.
CONVERSATION = """
INSERT INTO conversations (org_id, id, user_id, client_id, title, branch, branches)
VALUES (%(org)s, %(id)s, %(user)s, %(name)s, '', %(forks)s, %(forks)s)
"""
MESSAGES = """
INSERT INTO messages (org_id, conversation_id, branch, id, user_id, run_id, role, content)
SELECT %(org)s, %(id)s, (n - 1) * (%(forks)s + 1) / %(count)s, n::text AS name, %(user)s, %(id)s,
       CASE n %% 2 WHEN 1 THEN 'user' ELSE 'assistant' END, repeat('word ', 100)
FROM generate_series(1, %(count)s) AS n ORDER BY n
"""
BRANCHES = """
INSERT INTO conversation_branches (org_id, conversation_id, branch, user_id, parent, fork, path,
                                   ends)
SELECT %(org)s, %(id)s, b, %(user)s, b - 1,
       (SELECT max(seq) FROM messages WHERE conversation_id = %(id)s AND branch = b - 1),
       ARRAY(SELECT generate_series(0, b)),
       ARRAY(SELECT max(seq) FROM messages WHERE conversation_id = %(id)s AND branch < b
             GROUP BY branch ORDER BY branch)
FROM generate_series(1, %(forks)s) AS b
"""
PLACE = "SELECT pg_current_wal_insert_lsn()"
SINCE = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)"


def talk(superuser: str, subject: Subject, name: str, *, count: int, forks: int = 0) -> None:
    """Let a conversation of so many messages be there, among others."""
    values = {
        "org": subject.org_id,
        "user": subject.user_id,
        "id": new_id(),
        "name": name,
        "count": count,
        "forks": forks,
    }
    with psycopg.connect(superuser) as connection:
        for statement in (CONVERSATION, MESSAGES, BRANCHES):
            connection.execute(statement, values)


async def blocks(database: Database, subject: Subject, name: str, count: int) -> int:
    """Return how many blocks are read for a turn that asks the last of so many messages."""
    asked = {
        "org_id": subject.org_id,
        "user_id": subject.user_id,
        "thread_id": name,
        "message_id": str(count),
        "run_id": new_id(),
        "limit": MOST_MESSAGES,
    }
    reading = statements.reading(statements.NOTHING_SEARCHABLE)
    async with database.pipelined(subject) as connection:
        cursor = await connection.execute(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {reading}".encode(), asked
        )
    row: Any = await cursor.fetchone()
    plan = row[0][0]["Plan"]
    assert plan["Actual Rows"] == min(count - 1, MOST_MESSAGES)
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read


async def test_the_last_of_two_hundred_turns_reads_what_the_tenth_does(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    """The twenty-first is the first for which a model is told as much as it ever is."""
    sizes = {
        "tenth": (20, 0),
        "short": (42, 0),
        "long": (400, 0),
        "forked": (400, 100),
        "longer": (8_000, 0),
    }
    for name, (count, forks) in sizes.items():
        talk(superuser_address, subject, name, count=count, forks=forks)
    with psycopg.connect(superuser_address) as connection:
        connection.execute("ANALYZE messages, conversations, conversation_branches")
    read = {
        name: await blocks(database, subject, name, count) for name, (count, _) in sizes.items()
    }
    assert read["long"] <= min(read["tenth"], read["short"]) * 1.2, read
    assert read["longer"] <= read["short"] * 1.2, read
    assert read["forked"] <= read["short"] + 5 * MOST_MESSAGES, read


async def test_the_last_of_two_hundred_turns_writes_what_the_tenth_does(
    ada: Talker, superuser_address: str
) -> None:
    written: dict[str, list[int]] = {"tenth": [], "last": []}
    for name, turn in (("tenth", 10), ("last", 200)):
        talk(superuser_address, ada.subject, name, count=2 * turn - 2)
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        for _ in range(3):  # what the process writes besides is in the least of them the least
            for name, bytes_ in written.items():
                before = connection.execute(PLACE).fetchone()
                assert before is not None
                stream = await ada.ask("Once more?", name)
                assert stream[-1].type == "RUN_FINISHED"
                bytes_.append(int(connection.execute(SINCE, before).fetchall()[0][0]))
    assert min(written["last"]) <= min(written["tenth"]) * 1.2, written


KEYS: Final = {
    "conversations": "client_id",
    "messages": "conversation_id",
    "conversation_branches": "conversation_id",
}
"""What says which rows of a table a turn is about, beside the organisation."""


def scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield every step of a plan that reads one of these tables."""
    if plan.get("Relation Name") in KEYS and not plan["Node Type"].startswith("ModifyTable"):
        yield plan
    for step in plan.get("Plans", []):
        yield from scans(step)


@pytest.mark.parametrize(
    "statement",
    [statements.reading(statements.NOTHING_SEARCHABLE)]
    + [statements.opening(INSERT_RUN, start) for start in Start],
    ids=["reading", *(start.name for start in Start)],
)
def test_a_turn_is_looked_up_by_its_keys_also_where_the_plan_was_made_for_empty_tables(
    superuser_address: str, statement: str
) -> None:
    """A plan is made once for each connection, on a fresh database perhaps, and kept."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    for place, name in enumerate(names, 1):
        statement = statement.replace(f"%({name})s", f"${place}")
    with psycopg.connect(superuser_address) as connection:
        for table in KEYS:
            connection.execute("SELECT pg_clear_relation_stats('public', %s)", (table,))
        connection.execute(f"SET LOCAL ROLE {Role.APP}".encode())
        row: Any = connection.execute(
            f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}".encode()
        ).fetchone()
        connection.rollback()
    read = list(scans(row[0][0]["Plan"]))
    assert {each["Relation Name"] for each in read} >= {"conversations", "messages"}
    for each in read:
        assert KEYS[each["Relation Name"]] in each.get("Index Cond", ""), each
