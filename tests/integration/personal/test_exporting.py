"""Whoever wants to takes along all that is kept of them, and nothing of anybody else."""

import io
import json
import tracemalloc
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import httpx
import pytest

from acting import Caller
from drawing import png
from folkmoot.assembly import Parts
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.runs import personal as run_data
from trailing import actions_of
from whole import chat, fill, join, person, shelf

pytestmark = pytest.mark.anyio

EXPORT = "/api/v1/me/export"
LOGO = "/api/v1/settings/theme/logo?scope=user"


async def taken(who: Caller) -> ZipFile:
    answer = await who.ask("GET", EXPORT)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    archive = ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    return archive


def lines(archive: ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


@pytest.fixture
async def grace(client: httpx.AsyncClient) -> Caller:
    return await person(client, "grace")


@pytest.fixture
async def linus(client: httpx.AsyncClient, grace: Caller) -> Caller:
    """Somebody with an organisation of their own, and a place in grace's."""
    linus = await person(client, "linus")
    await join(grace, linus)
    return linus


@pytest.mark.core
async def test_an_archive_has_everything_in_it(
    client: httpx.AsyncClient, linus: Caller, grace: Caller
) -> None:
    await chat(linus, "What is a heronry?")
    _, document = await shelf(linus, "Own", "A heronry is where they nest.", scope="user")
    kept = {"name": "a_key", "value": "of a safe", "scope": "user"}
    await linus.ask("POST", "/api/v1/secrets", kept)
    await linus.ask("POST", "/api/v1/api-keys", {"name": "my key"})
    logo = await client.put(LOGO, content=png(), headers=linus.headers)
    assert logo.status_code == 200, logo.text
    archive = await taken(linus)
    place = f"organizations/{linus.place}"
    assert lines(archive, "account.jsonl")[0]["email"] == linus.email
    assert lines(archive, "sessions.jsonl")[0]["address"] == "127.0.0.1"
    assert lines(archive, f"{place}/membership.jsonl")[0]["role"] == "member"
    said = [each["content"] for each in lines(archive, f"{place}/messages.jsonl")]
    assert "What is a heronry?" in said
    events = lines(archive, f"{place}/run_events.jsonl")
    assert [each["seq"] for each in events] == list(range(1, len(events) + 1))
    assert events[0]["payload"]["runId"] == "run What is a heronry?"
    assert [each["name"] for each in lines(archive, f"{place}/secrets.jsonl")] == ["a_key"]
    assert [each["name"] for each in lines(archive, f"{place}/api_keys.jsonl")] == ["my key"]
    assert "secret.created" in {each["action"] for each in lines(archive, f"{place}/audit.jsonl")}
    files = [name for name in archive.namelist() if f"/documents/{document}/" in name]
    assert archive.read(files[0]) == b"A heronry is where they nest."
    assert archive.read(f"{place}/logo") == png()
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"of a safe" not in everything
    assert grace.id.encode() not in everything
    assert grace.email.encode() not in everything


async def test_all_places_of_a_person_are_in_it_and_no_other(
    client: httpx.AsyncClient, linus: Caller
) -> None:
    eve = await person(client, "eve")
    archive = await taken(linus)
    places = {name.split("/")[1] for name in archive.namelist() if "/" in name}
    mine = (await linus.ask("GET", "/api/v1/me")).json()["organizations"]
    assert places == {each["id"] for each in mine}
    assert len(places) == 2
    assert eve.place not in places


async def test_what_others_have_is_not_in_it(linus: Caller, grace: Caller) -> None:
    await chat(grace, "A secret of mine")
    await shelf(grace, "Hers", "Nobody else's.", scope="user")
    await shelf(grace, "For all", "Of the organisation.")
    archive = await taken(linus)
    everything = b"".join(archive.read(name) for name in archive.namelist())
    for theirs in (b"A secret of mine", b"Nobody else's", b"Of the organisation"):
        assert theirs not in everything


async def test_whoever_was_removed_takes_nothing_along_from_there(
    linus: Caller, grace: Caller
) -> None:
    await chat(linus, "What is a heronry?")
    await grace.ask("DELETE", f"/api/v1/organizations/{grace.place}/members/{linus.id}")
    del linus.headers["X-Organization-Id"]
    archive = await taken(linus)
    assert not [name for name in archive.namelist() if grace.place in name]


async def test_logs_are_in_it_page_by_page(linus: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_data, "PAGE", 1)
    for text in ("One", "Two", "Three"):
        await chat(linus, text)
    events = lines(await taken(linus), f"organizations/{linus.place}/run_events.jsonl")
    begun = [each["payload"]["runId"] for each in events if each["seq"] == 1]
    assert begun == ["run One", "run Two", "run Three"]


async def test_the_trails_tell_of_it(parts: Parts, linus: Caller) -> None:
    await taken(linus)
    place = Subject(OrgId(UUID(linus.place)), UserId(UUID(linus.id)))
    assert "account.exported" in await actions_of(parts.database, place)


async def test_many_messages_take_little_memory(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    fill(superuser_address, linus)
    tracemalloc.start()
    try:
        size, text = 0, io.BytesIO()
        async for part in await parts.personal.export(UserId(UUID(linus.id))):
            size = max(size, len(part))
            text.write(part)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    archive = ZipFile(text)
    assert len(lines(archive, f"organizations/{linus.place}/messages.jsonl")) == 10_000
    assert len(lines(archive, f"organizations/{linus.place}/conversations.jsonl")) == 10_000
    assert size < 1_000_000
    assert most < 40_000_000  # 10,000 messages of 5 kB are 50 MB
