"""ETags over HTTP: nothing is read twice, and nobody's change is lost."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel

from folkmoot.http import problems
from folkmoot.http.access import PUBLIC
from folkmoot.http.etags import Etags

pytestmark = pytest.mark.anyio


class Note(BaseModel):
    text: str


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of something that may be changed only by who has seen it."""
    app = FastAPI()
    problems.install(app)
    kept = Note(text="first")

    @app.get("/note", dependencies=[PUBLIC])
    async def read(etags: Etags) -> Note:
        etags.show(kept)
        return kept

    @app.put("/note", dependencies=[PUBLIC])
    async def write(note: Note, etags: Etags) -> Note:
        etags.demand(kept, required=True)
        kept.text = note.text
        etags.show(kept)
        return kept

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        yield client


async def test_who_has_it_already_gets_no_body(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/note")).headers["etag"]
    again = await client.get("/note", headers={"If-None-Match": f'"other", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert "content-length" not in again.headers
    await client.put("/note", json={"text": "second"}, headers={"If-Match": tag})
    changed = await client.get("/note", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.json()) == (200, {"text": "second"})


async def test_a_change_to_what_is_there_no_more_is_refused(client: httpx.AsyncClient) -> None:
    tag = (await client.get("/note")).headers["etag"]
    changed = await client.put("/note", json={"text": "second"}, headers={"If-Match": tag})
    assert changed.headers["etag"] == (await client.get("/note")).headers["etag"] != tag
    for stale in (tag, f"W/{changed.headers['etag']}", ""):
        late = await client.put("/note", json={"text": "third"}, headers={"If-Match": stale})
        assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    anyone = await client.put("/note", json={"text": "fourth"}, headers={"If-Match": "*"})
    assert anyone.status_code == httpx.codes.OK


async def test_where_changes_could_be_lost_they_say_what_they_are_made_to(
    client: httpx.AsyncClient,
) -> None:
    blind = await client.put("/note", json={"text": "second"})
    assert (blind.status_code, blind.json()["code"]) == (428, "precondition_required")
