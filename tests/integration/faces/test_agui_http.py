"""The AG-UI endpoint and the list of agents, as HTTP sees them."""

from dataclasses import replace

import pytest
from ag_ui.core import AgentCapabilities

from folkmoot.kit.ids import new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from talking import Platform, Talker, body, frames, platform

pytestmark = pytest.mark.anyio


@pytest.mark.core
async def test_the_agents_are_listed_with_what_they_can_do(ada: Talker) -> None:
    async with ada.http() as client:
        answer = await client.get("/api/agents")
    (agent,) = answer.json()["items"]
    assert (agent["id"], agent["name"]) == ("chat", "Chat")
    assert agent["workflows"] == ["plain", "rag", "tools", "full"]
    told = agent["capabilities"]
    assert told["custom"] == {
        "workflows": ["plain", "rag", "tools", "full"],
        "citations": True,
        "onActiveRun": "refuse",
    }
    assert [tool["name"] for tool in told["tools"]["items"]] == ["clock", "calculator"]
    read = AgentCapabilities.model_validate(told)
    assert read.transport is not None
    assert read.transport.resumable
    assert read.model_dump(by_alias=True, exclude_none=True) == told  # nothing is unknown to it


async def test_an_unknown_agent_is_not_found(ada: Talker, provider: FakeProvider) -> None:
    answer = await ada.post(body("Hello"), agent="nobody")
    assert (answer.status_code, answer.json()["code"]) == (404, "agent_not_found")
    assert provider.received == []


async def test_nobody_asks_without_a_key_or_without_the_permission(
    serving: Platform, ada: Talker
) -> None:
    powerless = serving.talker(replace(ada.subject, permissions=frozenset({"agents:read"})))
    stranger = Talker(serving, ada.subject, "no such key")
    assert (await stranger.post(body("Hello"))).status_code == 401
    answer = await powerless.post(body("Hello"))
    assert (answer.status_code, answer.json()["permission"]) == (403, "agents:run")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_called_json_is_refused(ada: Talker, media_type: str) -> None:
    async with ada.http() as client:
        answer = await client.post(
            "/api/chat/chat", content=b"{}", headers={"Content-Type": media_type}
        )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 400),
        (b"[" * 200_000, 400),
        (b'{"threadId": NaN}', 400),
        (b'{"threadId": "\\u0000"}', 400),
        (b'{"threadId": "\\ud800"}', 400),
        (b'{"threadId": "\xff"}', 400),
        (b'{"threadId": "a", "threadId": "b"}', 400),
        (b"[]", 422),
    ],
)
async def test_a_hostile_body_is_refused_in_an_orderly_way(
    ada: Talker, content: bytes, status: int
) -> None:
    async with ada.http() as client:
        answer = await client.post(
            "/api/chat/chat", content=content, headers={"Content-Type": "application/json"}
        )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_refusal_points_to_what_is_wrong(ada: Talker) -> None:
    answer = await ada.post(body("Hello") | {"messages": [{"id": 1, "role": "user"}]})
    assert answer.json()["errors"] == [
        {"pointer": "/body/messages/0/id", "detail": "Expected `str`, got `int`"}
    ]


@pytest.mark.parametrize("given", ["-1", "x", "1.5", "9" * 30])
async def test_an_event_id_that_is_none_is_refused(ada: Talker, given: str) -> None:
    async with ada.http() as client:
        answer = await client.post(
            "/api/chat/chat", json=body("Hello"), headers={"Last-Event-ID": given}
        )
    assert (answer.status_code, answer.json()["code"]) == (422, "last_event_id_invalid")


@pytest.mark.core
async def test_a_stream_that_was_cut_is_read_on_byte_for_byte(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("A whole answer of a few words.", delay=0.01)])
    asked = body("Well?")
    begun = b""
    async with ada.http() as client:
        async with client.stream("POST", "/api/chat/chat", json=asked) as answer:
            async for piece in answer.aiter_raw():
                begun += piece
                if b"whole" in begun:
                    break
        begun = begun[: begun.rindex(b"\n\n") + 2]
        last = frames(begun)[-1].id
        rest = await client.post("/api/chat/chat", json=asked, headers={"Last-Event-ID": str(last)})
        log = await client.get(f"/api/v1/runs/{asked['runId']}/events")
    assert begun + rest.content == log.content
    assert frames(log.content)[-1].type == "RUN_FINISHED"


async def test_what_a_client_has_of_a_run_before_is_not_of_the_one_it_begins(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("One."), says("Two.")])
    first = await ada.ask("First?", "t1")
    asked, seen = body("Second?", "t1"), {"Last-Event-ID": str(first[-1].id)}
    async with ada.http() as client:
        begun = await client.post("/api/chat/chat", json=asked, headers=seen)
        again = await client.post("/api/chat/chat", json=asked, headers=seen)
        beyond = await client.post("/api/chat/chat", json=asked, headers={"Last-Event-ID": "999"})
    assert [frame.id for frame in frames(begun.content)] == list(range(1, first[-1].id + 1))
    assert (again.content, beyond.content) == (b"", begun.content)


async def test_the_run_of_another_organisation_is_as_unknown_as_none(
    ada: Talker, eve: Talker
) -> None:
    asked = body("Hello", "t1")
    await ada.send(asked)
    async with eve.http() as client:
        foreign = await client.get(f"/api/v1/runs/{asked['runId']}/events")
        missing = await client.get(f"/api/v1/runs/{new_id().hex}/events")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json()["detail"] == missing.json()["detail"]
    stream = await eve.send(asked)
    assert stream[-1].type == "RUN_FINISHED"


async def test_a_process_that_is_full_refuses_before_it_stores_anything(
    app_address: str, writer_address: str, provider: FakeProvider, ada: Talker
) -> None:
    async with platform(app_address, writer_address, provider, most_runs=0) as full:
        talker = full.talker(ada.subject)
        answer = await talker.post(body("Hello", "t1"))
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_runs")
        assert answer.headers["retry-after"]
        async with talker.http() as client:
            assert (await client.get("/api/v1/conversations/t1")).status_code == 404


async def test_a_process_that_is_stopping_takes_no_new_questions(
    serving: Platform, ada: Talker
) -> None:
    await serving.supervisor.drain(grace=0)
    answer = await ada.post(body("Hello"))
    assert (answer.status_code, answer.json()["code"]) == (503, "draining")
    assert answer.headers["retry-after"]


async def test_a_key_leads_to_the_same_run_and_to_no_other(ada: Talker) -> None:
    question, key = body("Hello"), {"Idempotency-Key": "turn"}
    async with ada.http() as client:
        first = await client.post("/api/chat/chat", json=question, headers=key)
        again = await client.post("/api/chat/chat", json=question, headers=key)
        other = await client.post("/api/chat/chat", json=body("Hello"), headers=key)
        runs = (await client.get("/api/v1/runs")).json()["items"]
    assert (first.status_code, again.content) == (200, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(runs) == 1
