"""Answers that are kept, as whoever looks after an organisation counts and clears them."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.requests import HTTPConnection

from caching import kept
from folkmoot.audit.models import AuditEvent
from folkmoot.caches import routes, service
from folkmoot.caches.keys import Asker, key
from folkmoot.caches.store import Bounds, Store, Vector
from folkmoot.db.work import Database
from folkmoot.http import problems
from folkmoot.http.ports import HttpPorts
from folkmoot.identity.permissions import MEMBER, OWNER
from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatMessage, ChatRequest

pytestmark = pytest.mark.anyio

CACHE = "/api/v1/caches/responses"


@pytest.fixture
async def http(database: Database, subject: Subject) -> AsyncIterator[httpx.AsyncClient]:
    """A client whose header says what it may do."""

    async def authenticate(connection: HTTPConnection) -> Subject:
        may = MEMBER if connection.headers.get("x-role") == "member" else OWNER
        return replace(subject, permissions=may)

    app = FastAPI()
    app.include_router(routes.router(Bounds()), prefix="/api/v1")
    problems.install(app)
    app.state.http = HttpPorts(authenticate, database)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        yield client


async def test_answers_are_counted_and_cleared_by_those_who_look_after_them_and_by_nobody_else(
    database: Database, subject: Subject, other_subject: Subject, http: httpx.AsyncClient
) -> None:
    store = Store(database)
    for whose, text in ((subject, "One?"), (subject, "Two?"), (other_subject, "Theirs?")):
        request = ChatRequest(messages=[ChatMessage("user", text)])
        asked = key(Asker(whose, "chat", 1, "openai:fake-chat"), request, similar=True)
        vector = Vector("some/2", "[1,0]") if text == "One?" else None
        store.put(kept(whose, asked, vector=vector))
    await store.flush()
    found = (await http.get(CACHE)).json()
    assert (found["answers"], found["similar"]) == (2, 1)
    assert 0 < found["bytes"] < found["most_bytes"]
    assert found["oldest_at"] is not None
    assert found["reused"] == {"exact": 0, "semantic": 0, "collapsed": 0, "calls": 0}
    for method in ("GET", "DELETE"):
        refused = await http.request(method, CACHE, headers={"x-role": "member"})
        assert refused.status_code == httpx.codes.FORBIDDEN
    others = await http.request("DELETE", CACHE, params={"agent": "support"})
    assert others.json() == {"answers": 0}
    assert (await http.delete(CACHE)).json() == {"answers": 2}
    assert (await http.get(CACHE)).json()["answers"] == 0
    async with database.work(other_subject) as work:
        assert (await service.statistics(work)).answers == 1
    async with database.work(subject) as work:
        cleared = select(AuditEvent).where(AuditEvent.action == "response_cache.cleared")
        events = (await work.session.scalars(cleared.order_by(AuditEvent.seq))).all()
        assert [json.loads(each.after or "{}")["answers"] for each in events] == [0, 2]
