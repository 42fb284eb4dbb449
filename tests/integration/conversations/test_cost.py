"""What a turn reads of its conversation, however long that is and however often it has branched."""

from typing import Any

import psycopg
import pytest

from folkmoot.conversations import statements
from folkmoot.conversations.history import MOST_MESSAGES
from folkmoot.db.work import Database
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject

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


async def blocks(database: Database, subject: Subject, name: str, question: int) -> int:
    """Return how many blocks are read for a turn that asks the last message."""
    asked = {
        "org_id": subject.org_id,
        "user_id": subject.user_id,
        "thread_id": name,
        "message_id": str(question),
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
    assert plan["Actual Rows"] == MOST_MESSAGES
    read: int = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return read


async def test_the_last_of_two_hundred_turns_reads_what_the_twentieth_does(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    """The twentieth is the first for which a model is told as much as it ever is."""
    sizes = {"short": (42, 0), "long": (400, 0), "forked": (400, 100), "longer": (20_000, 0)}
    for name, (count, forks) in sizes.items():
        talk(superuser_address, subject, name, count=count, forks=forks)
    with psycopg.connect(superuser_address) as connection:
        connection.execute("ANALYZE messages, conversations, conversation_branches")
    read = {
        name: await blocks(database, subject, name, count) for name, (count, _) in sizes.items()
    }
    assert read["long"] <= read["short"] * 1.2, read
    assert read["longer"] <= read["short"] * 1.2, read
    assert read["forked"] <= read["short"] + 5 * MOST_MESSAGES, read
