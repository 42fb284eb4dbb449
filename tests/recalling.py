"""Remembering in tests: what is said to agents, and what is made of it."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import update

from folkmoot.db.work import Database
from folkmoot.identity.permissions import OWNER
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.memory.models import MemoryTurn
from folkmoot.settings.groups import Group
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings
from folkmoot.testing.replies import Reply, says
from piecing import allowed
from talking import Platform, Talker

Json = dict[str, Any]


def finds(*changes: Json) -> Reply:
    """Return an answer of a model that reads a conversation."""
    return says(json.dumps({"changes": list(changes)}))


def adds(text: str, **more: Any) -> Json:
    """Return that something is new."""
    return {"action": "add", "text": text, "kind": "fact", "message": 1, **more}


async def say(
    settings: Settings, subject: Subject, group: Group = Group.GENERAL, **values: Any
) -> None:
    """Let a user's own layer say something."""
    data = WRITES[group].model_validate({"values": values})
    owner, at = replace(subject, permissions=OWNER), (Scope.USER, None)
    await settings.replace(owner, group, at, data, lambda _current: None)


def joined(superuser: str, subject: Subject, name: str) -> Subject:
    """Return another member of a subject's organisation, with the same rights there."""
    user_id = UserId(new_id())
    with psycopg.connect(superuser) as connection:
        connection.execute(
            "INSERT INTO users (id, email, email_normalized, name, created_at, updated_at)"
            " VALUES (%(id)s, %(email)s, %(email)s, %(name)s, now(), now())",
            {"id": user_id, "email": f"{name}@one.example", "name": name},
        )
        connection.execute(
            "INSERT INTO memberships (org_id, user_id, role, created_at, updated_at)"
            " VALUES (%s, %s, 'member', now(), now())",
            (subject.org_id, user_id),
        )
    return replace(subject, user_id=user_id, session_id=None)


def rows(superuser: str, table: str = "memories") -> list[Json]:
    """Return what stands in a table, whoever it belongs to."""
    with psycopg.connect(superuser, row_factory=dict_row) as connection:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2".encode()).fetchall()


async def rested(database: Database, subject: Subject) -> None:
    """Let all turns of a subject lie back for an hour."""
    statement = update(MemoryTurn).where(MemoryTurn.org_id == subject.org_id)
    async with database.work(subject) as work:
        await work.session.execute(statement.values(noted_at=clock.now() - timedelta(hours=1)))


async def read(platform: Platform, talker: Talker, thread: str, **other: Any) -> Any:
    """Read a conversation, as its job does."""
    job = replace(platform.memory.extraction, **{"subjects": allowed(OWNER), **other})
    whose = str(talker.subject.org_id), str(talker.subject.user_id)
    return await job.extract(*whose, thread)


async def remembered(talker: Talker, **params: Any) -> list[Json]:
    """Return what somebody sees that is remembered."""
    async with talker.http() as client:
        answer = await client.get("/api/v1/memories", params=params)
        assert answer.is_success, answer.text
        found: list[Json] = answer.json()["items"]
        return found


def texts(found: Sequence[Json]) -> list[str]:
    """Return what memories say."""
    return sorted(str(each["text"]) for each in found)
