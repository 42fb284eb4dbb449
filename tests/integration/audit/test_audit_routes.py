"""The trail as its API shows it."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from fastapi import APIRouter, FastAPI

from folkmoot.audit import exporting, routes, trail
from folkmoot.audit.refusals import Refusals
from folkmoot.http import problems
from folkmoot.http.ports import HttpPorts
from folkmoot.http.request_id import RequestId
from folkmoot.identity import routes as identity_routes
from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from folkmoot.kit.files import harmless
from folkmoot.kit.ids import new_id
from identity_app import Account, bearer, enroll, sign_in, subject_of
from trailing import leave

pytestmark = pytest.mark.anyio

AUDIT = "/api/v1/audit"


@pytest.fixture
async def client(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    """Identity and the trail behind one door."""
    app = FastAPI()
    api = APIRouter(prefix="/api/v1")
    api.include_router(identity_routes.router(identity, PersonalData(identity.database, ())))
    api.include_router(routes.router(identity.database))
    app.include_router(api)
    problems.install(app)
    app.state.http = HttpPorts(
        identity.authenticator, identity.database, refused=Refusals(identity.database)
    )
    transport = httpx.ASGITransport(RequestId(app), client=("192.0.2.7", 50_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://folkmoot") as client:
        yield client


@pytest.fixture
async def headers(client: httpx.AsyncClient, grace: Account) -> dict[str, str]:
    return bearer((await sign_in(client, grace))["access_token"])


async def seen(
    client: httpx.AsyncClient, headers: dict[str, str], **query: Any
) -> list[dict[str, Any]]:
    """Return the events of things that a query finds."""
    answer = await client.get(AUDIT, params={"limit": 100, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return [each for each in answer.json()["items"] if each["action"].endswith(("made", "gone"))]


@pytest.mark.core
async def test_events_are_listed_newest_first_with_all_that_is_known(
    client: httpx.AsyncClient, headers: dict[str, str], grace: Account, identity: Identity
) -> None:
    await leave(identity.database, subject_of(grace), "thing.made", "thing.gone")
    newest, oldest = await seen(client, headers)
    assert (newest["action"], oldest["action"]) == ("thing.gone", "thing.made")
    assert newest["seq"] == oldest["seq"] + 1
    assert newest["actor_id"] == grace["id"]
    assert newest["target"] == {"type": "thing", "id": "2"}
    assert (newest["before"], newest["after"]) == (None, {"number": 2})
    assert newest["erased"] is False
    age = clock.now() - datetime.fromisoformat(newest["at"])
    assert age < timedelta(minutes=1)


async def test_a_list_goes_on_where_its_page_ended(
    client: httpx.AsyncClient, headers: dict[str, str], grace: Account, identity: Identity
) -> None:
    await leave(identity.database, subject_of(grace), *["thing.made"] * 5)
    found: list[str] = []
    query: dict[str, Any] = {"limit": 2, "action": "thing.made"}
    while True:
        page = (await client.get(AUDIT, params=query, headers=headers)).json()
        found += [each["target"]["id"] for each in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == ["5", "4", "3", "2", "1"]


async def test_filters_narrow_what_is_found(
    client: httpx.AsyncClient, headers: dict[str, str], grace: Account, identity: Identity
) -> None:
    await leave(identity.database, subject_of(grace), "thing.made", "thing.gone", "thin_g.made")

    async def count(**query: Any) -> int:
        return len(await seen(client, headers, **query))

    assert await count(action="thing.made") == 1
    assert await count(action="thing.*") == 2
    assert await count(action="thin_*") == 1
    assert await count(action="thing") == 0
    assert await count(actor_id=grace["id"]) == 3
    assert await count(actor_id=str(new_id())) == 0
    assert await count(target_type="thing", target_id="2") == 1
    assert await count(target_type="other") == 0
    assert await count(request_id="unheard of") == 0
    soon = (clock.now() + timedelta(minutes=1)).isoformat()
    assert await count(since=soon) == 0
    assert await count(until=soon) == 3
    assert await count(since="2020-01-01T00:00:00Z", until="2020-01-02T00:00:00+02:00") == 0


@pytest.mark.parametrize(
    "query", [{"since": "yesterday"}, {"action": "DROP"}, {"sort": "at"}, {"target_id": "a\x00b"}]
)
async def test_a_filter_that_means_nothing_is_refused(
    query: dict[str, Any], client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get(AUDIT, params=query, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_trail_is_verified(
    client: httpx.AsyncClient, headers: dict[str, str], grace: Account, identity: Identity
) -> None:
    before = (await client.get(f"{AUDIT}/verify", headers=headers)).json()["events"]
    await leave(identity.database, subject_of(grace), "thing.made", "thing.gone")
    verdict = (await client.get(f"{AUDIT}/verify", headers=headers)).json()
    head = (await seen(client, headers))[0]["hash"]
    assert verdict == {
        "intact": True,
        "events": before + 2,
        "erased": 0,
        "truncated": 0,
        "head": head,
        "broken_at": None,
        "reason": None,
    }


@pytest.mark.core
async def test_an_export_has_every_event_of_the_filter_and_is_told_of(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    grace: Account,
    identity: Identity,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 2)
    await leave(identity.database, subject_of(grace), *["thing.made"] * 5)
    query = {"action": "thing.*"}
    answer = await client.get(f"{AUDIT}/export", params=query, headers=headers)
    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [line["target"]["id"] for line in lines] == ["1", "2", "3", "4", "5"]
    query["format"] = "csv"
    answer = await client.get(f"{AUDIT}/export", params=query, headers=headers)
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["after"] for row in rows] == [f'{{"number":{number}}}' for number in range(1, 6)]
    assert [row["hash"] for row in rows] == [line["hash"] for line in lines]
    told = await client.get(AUDIT, params={"action": "audit.exported"}, headers=headers)
    assert [each["after"] for each in told.json()["items"]] == [
        {"format": "csv"},
        {"format": "jsonl"},
    ]
    assert told.json()["items"][0]["client_address"] == "192.0.2.7"
    assert told.json()["items"][0]["request_id"] == answer.headers["x-request-id"]


async def test_a_formula_comes_into_no_spreadsheet(
    client: httpx.AsyncClient, headers: dict[str, str], grace: Account, identity: Identity
) -> None:
    async with identity.database.work(subject_of(grace)) as work:
        await trail.record(work, "thing.made", target=("thing", '=HYPERLINK("http://x";"y")'))
    query = {"format": "csv", "action": "thing.*"}
    answer = await client.get(f"{AUDIT}/export", params=query, headers=headers)
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["target_id"] == '\'=HYPERLINK("http://x";"y")'
    for cell in ("=1", "+1", "-1", "@a", "\t=1", "\r=1", " =1", "\n=1"):
        assert harmless(cell) == f"'{cell}"
    for cell in ("", "a=1", "1-1", '{"a":"=1"}'):
        assert harmless(cell) == cell


async def test_members_do_not_see_the_trail_and_nobody_sees_anothers(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    grace: Account,
    linus: Account,
    identity: Identity,
) -> None:
    await leave(identity.database, subject_of(grace), "thing.made")
    theirs = bearer((await sign_in(client, linus))["access_token"])
    assert await seen(client, theirs) == []
    assert len(await seen(client, headers)) == 1
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    inside = theirs | {"X-Organization-Id": grace["organization_id"]}
    for path in (AUDIT, f"{AUDIT}/verify", f"{AUDIT}/export"):
        answer = await client.get(path, headers=inside)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
