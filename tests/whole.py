"""The whole application in this process, on a database of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import psycopg
from psycopg import sql

from acting import Caller, caller
from ending import end
from folkmoot.assembly import Parts
from identity_app import register

PATIENCE = 60.0
FILL = """
WITH made AS (
  INSERT INTO conversations (org_id, id, user_id, client_id, title)
  SELECT %(org)s, gen_random_uuid(), %(user)s, n::text, 'Many' FROM generate_series(1, 10000) AS n
  RETURNING id
)
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content)
SELECT %(org)s, id, 'one', %(user)s, gen_random_uuid(), 'user', repeat('word ', 1000) FROM made
"""
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY relname
"""


async def person(client: httpx.AsyncClient, name: str) -> Caller:
    """Register somebody, who owns an organisation."""
    return await caller(client, await register(client, name))


async def join(owner: Caller, other: Caller, role: str = "member") -> None:
    """Invite somebody into an owner's organisation, by address; they act there from now on."""
    invited = await owner.ask(
        "POST",
        f"/api/v1/organizations/{owner.place}/invitations",
        {"email": other.email, "role": role},
    )
    assert invited.status_code == 201, invited.text
    del other.headers["X-Organization-Id"]  # it may be deleted by now
    accepted = await other.ask(
        "POST", "/api/v1/invitations/accept", {"token": invited.json()["token"]}
    )
    assert accepted.status_code == 200, accepted.text
    other.place = owner.place
    other.headers["X-Organization-Id"] = owner.place


async def chat(who: Caller, text: str) -> str:
    """Ask something and wait for the answer; return what the run is called."""
    asked = {
        "threadId": f"thread of {who.id}",
        "runId": f"run {text}",
        "state": {},
        "messages": [{"id": f"q-{text}", "role": "user", "content": text}],
        "tools": [],
        "context": [],
        "forwardedProps": {},
    }
    answer = await who.ask("POST", "/api/chat/chat", asked)
    assert answer.status_code == 200, answer.text
    return f"run {text}"


async def shelf(who: Caller, title: str, text: str, **scope: Any) -> tuple[str, str]:
    """Make a collection with a document in it; return the ids of both."""
    made = await who.ask("POST", "/api/v1/collections", {"name": title, **scope})
    assert made.status_code == 201, made.text
    collection = made.json()["id"]
    added = await who.ask(
        "POST", f"/api/v1/collections/{collection}/documents", {"title": title, "text": text}
    )
    assert added.status_code == 202, added.text
    return collection, added.json()["document_ids"][0]


def fill(superuser: str, who: Caller) -> None:
    """Give somebody 10,000 conversations with a message each."""
    with psycopg.connect(superuser) as connection:
        connection.execute(FILL, {"org": who.place, "user": who.id})


@asynccontextmanager
async def working(parts: Parts) -> AsyncIterator[None]:
    """Let the process run jobs, and read documents."""
    works = parts.queue.work(name="test", concurrency=2), parts.knowledge.taking.work()
    workers = [asyncio.create_task(each) for each in works]
    try:
        yield
    finally:
        for worker in workers:
            await end(worker)


async def until(what: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if await what():
                return
            await asyncio.sleep(0.05)


def rows_with(superuser: str, word: str) -> dict[str, list[str]]:
    """Return every row of the database that has a word in it, by table."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(superuser) as connection:
        for (table,) in connection.execute(TABLES).fetchall():
            statement = sql.SQL("SELECT t::text FROM {} AS t WHERE t::text ILIKE %s")
            rows = connection.execute(statement.format(sql.Identifier(table)), (f"%{word}%",))
            if told := [str(row) for (row,) in rows]:
                found[table] = told
    return found
