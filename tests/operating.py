"""Platform admins in tests, and what they ask for."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from acting import Caller, caller
from folkmoot.cli import operator
from folkmoot.cli.operator import Operator
from folkmoot.identity.platform import admins
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import UserId
from identity_app import register

ME = "/api/v1/me"
PLATFORM = "/api/v1/platform"
ORGANIZATIONS = f"{PLATFORM}/organizations"
USERS = f"{PLATFORM}/users"
GIVEN_UP = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
VALUES ('knowledge', 'knowledge.drop_blob', '{"key": "gone"}', 'failed', 6) RETURNING id
"""
WHY = {"reason": "ticket 4711"}


def id_of(person: Caller) -> UserId:
    return UserId(UUID(person.id))


def given_up(data_dir: Path) -> str:
    """Leave a job behind that was given up, at the machine of a deployment; return its id."""

    async def give_up(here: Operator) -> str:
        async with here.identity.database.unscoped() as connection:
            ((job,),) = await (await connection.execute(GIVEN_UP)).fetchall()
        return str(job)

    return operator.perform(give_up, data_dir=data_dir, config=None)


def entries_of(place: str) -> str:
    return f"{ORGANIZATIONS}/{place}/entries"


@pytest.fixture
async def admin(client: httpx.AsyncClient, identity: Identity, owner_address: str) -> Caller:
    """A platform admin, who is of an organisation of their own."""
    person = await caller(client, await register(client, "root"))
    assert await admins.appoint(identity.database, owner_address, id_of(person))
    return person


@pytest.fixture
async def entered(admin: Caller, owner: Caller) -> dict[str, str]:
    """What the admin sends to act in the owner's organisation, which they have entered."""
    answer = await admin.ask("POST", entries_of(owner.place), WHY)
    assert answer.status_code == 201, answer.text
    return {"X-Organization-Id": owner.place}


async def every(person: Caller, path: str) -> list[dict[str, Any]]:
    answer = await person.ask("GET", path)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
