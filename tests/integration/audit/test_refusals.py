"""What somebody tried and may not do stands in the trail, though the attempt left nothing."""

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from sqlalchemy import text

from folkmoot.audit import refusals
from folkmoot.audit.models import AuditEvent
from folkmoot.audit.refusals import Refusals
from folkmoot.db.work import Database
from folkmoot.http.access import PermissionDenied
from folkmoot.http.ports import HttpPorts
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import OrgId, new_id
from folkmoot.kit.subject import Subject
from identity_app import Account, Clock, app_of, bearer, enroll, sign_in, subject_of
from trailing import events_of

pytestmark = pytest.mark.anyio

FAILURE = PermissionDenied("members:write")


@pytest.fixture
async def client(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    app = app_of(identity)
    app.state.http = HttpPorts(
        identity.authenticator,
        identity.database,
        identify=identity.authenticator.identify,
        refused=Refusals(identity.database),
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://folkmoot.example"
    ) as client:
        yield client


async def refused_in(database: Database, subject: Subject) -> list[AuditEvent]:
    events = await events_of(database, subject)
    return [event for event in events if event.action == "access.refused"]


@pytest.mark.core
async def test_whoever_reaches_above_themselves_is_told_of(
    client: httpx.AsyncClient, identity: Identity, grace: Account, linus: Account
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    token = (await sign_in(client, linus))["access_token"]
    inside = bearer(token, **{"X-Organization-Id": grace["organization_id"]})
    wide = {"name": "wide", "scopes": ["members:write"]}
    answer = await client.post("/api/v1/api-keys", json=wide, headers=inside)
    assert answer.json()["code"] == "scope_too_wide"
    (event,) = await refused_in(identity.database, subject_of(grace))
    assert str(event.actor_id) == linus["id"]
    told = orjson.loads(event.after or "")
    assert (told["code"], told["method"]) == ("scope_too_wide", "POST")
    assert told["route"] == "/api/v1/api-keys"
    assert await refused_in(identity.database, subject_of(linus)) == []


async def test_what_is_refused_of_what_is_a_persons_own_is_told_of_too(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    token = (await sign_in(client, grace))["access_token"]
    made = await client.post("/api/v1/api-keys", json={"name": "mine"}, headers=bearer(token))
    for _ in range(2):
        path = f"/api/v1/organizations/{grace['organization_id']}/restore"
        answer = await client.post(path, headers=bearer(made.json()["key"]))
        assert answer.json()["code"] == "person_needed"
    (event,) = await refused_in(identity.database, subject_of(grace))
    assert str(event.api_key_id) == made.json()["id"]
    told = orjson.loads(event.after or "")
    assert (told["code"], told["method"]) == ("person_needed", "POST")
    assert told["route"] == "/api/v1/organizations/{organization_id}/restore"


async def test_a_stranger_who_is_refused_leaves_no_event(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    answer = await client.get("/api/v1/me", headers=bearer("nonsense"))
    assert answer.status_code == 401
    assert await refused_in(identity.database, subject_of(grace)) == []


async def test_knocking_at_one_door_fills_no_trail(
    database: Database, subject: Subject, time: Clock
) -> None:
    tell = Refusals(database)
    for _ in range(5):
        await tell(subject, FAILURE, method="GET", route="/a")
    await tell(subject, FAILURE, method="GET", route="/b")
    assert len(await refused_in(database, subject)) == 2
    time.pass_by(seconds=refusals.AGAIN)
    await tell(subject, FAILURE, method="GET", route="/a")
    assert len(await refused_in(database, subject)) == 3


async def test_of_too_many_doors_the_first_is_forgotten(
    database: Database, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "REMEMBERED", 2)
    tell = Refusals(database)
    for route in ("/a", "/b", "/c", "/a"):
        await tell(subject, FAILURE, method="GET", route=route)
    assert len(await refused_in(database, subject)) == 4


async def test_a_refusal_stands_where_it_cannot_be_recorded(
    database: Database, subject: Subject
) -> None:
    nowhere = Subject(OrgId(new_id()), subject.user_id)
    await Refusals(database)(nowhere, FAILURE, method="GET", route="/a")
    async with database.work(nowhere) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM audit_events")) == 0
