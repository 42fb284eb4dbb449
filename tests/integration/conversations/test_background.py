"""Runs that nobody waits for, asked for over HTTP and taken up by a worker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from approving import approvals, decide, followed, guarded, results, went_on
from budgeting import limit
from ending import end
from folkmoot.agents.order import KIND
from folkmoot.runs import service as runs
from folkmoot.runs.opening import QUEUED_CHANNEL
from folkmoot.runs.taking import Taking
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from running import new_run
from talking import Platform, Talker, frames, text_of

pytestmark = pytest.mark.anyio

MOST_WAITING = 3  # as the application is put together here
RUNS = "/api/v1/runs"
ASKED = {"agent_id": "chat", "input": "What is the answer?"}


@asynccontextmanager
async def worker(platform: Platform) -> AsyncIterator[None]:
    taking = Taking(platform.supervisor, (KIND,), places=4)
    platform.supervisor.hub.channels[QUEUED_CHANNEL] = taking.wake
    task = asyncio.create_task(taking.work())
    try:
        yield
    finally:
        await end(task)


async def start(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post(RUNS, json={**ASKED, **more})
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    run: dict[str, Any] = answer.json()
    return run


@pytest.mark.core
async def test_a_run_in_the_background_is_queued_worked_and_kept_like_any_other(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    provider.script([says("Forty-two."), says("As before.")])
    async with ada.http() as client:
        run = await start(client)
        assert (run["state"], run["attempt"]) == ("queued", 0)
        async with worker(serving):
            stream = frames((await client.get(f"{RUNS}/{run['id']}/events")).content)
            again = await start(client, conversation_id=run["conversation_id"])
            await client.get(f"{RUNS}/{again['id']}/events")
        done = (await client.get(f"{RUNS}/{run['id']}")).json()
    assert text_of(stream) == "Forty-two."
    assert (done["state"], done["attempt"]) == ("finished", 1)
    kept = await ada.messages(run["conversation_id"])
    assert [each["content"] for each in kept][1::2] == ["Forty-two.", "As before."]


async def test_who_asks_again_with_the_same_key_gets_the_same_run(ada: Talker) -> None:
    async with ada.http() as client:
        client.headers["Idempotency-Key"] = "nightly"
        first, second = await start(client), await start(client)
        found = (await client.get(RUNS)).json()["items"]
    assert first == second
    assert [run["id"] for run in found] == [first["id"]]


async def test_an_organisation_whose_runs_wait_is_told_to_come_back_later_and_no_other_is(
    serving: Platform, ada: Talker, eve: Talker
) -> None:
    async with serving.database.work(ada.subject) as work:
        for _ in range(MOST_WAITING):  # documents that are to be read take no places of answers
            await runs.queue(work, new_run(ada.subject, "ingest"))
    async with ada.http() as client, eve.http() as other:
        for _ in range(MOST_WAITING):
            await start(client)
        refused = await client.post(RUNS, json=ASKED)
        await start(other)
    assert refused.status_code == httpx.codes.TOO_MANY_REQUESTS
    assert refused.json()["code"] == "too_many_queued_runs"
    assert int(refused.headers["Retry-After"]) > 0


async def test_one_that_waits_is_cancelled_at_once_and_never_worked(
    ada: Talker, provider: FakeProvider
) -> None:
    async with ada.http() as client:
        run = await start(client)
        busy = await client.post(RUNS, json={**ASKED, "conversation_id": run["conversation_id"]})
        cancelled = (await client.post(f"{RUNS}/{run['id']}/cancel")).json()
        assert (await client.get(f"{RUNS}/{run['id']}/events")).is_success  # to its end
        done = (await client.get(f"{RUNS}/{run['id']}")).json()
    assert busy.json()["code"] == "run_active"
    assert (cancelled["id"], done["state"]) == (run["id"], "cancelled")
    assert provider.chats == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"agent_id": "nobody", "input": "Hello"}, 404),
        ({"agent_id": "chat", "input": " "}, 422),
        ({"agent_id": "chat", "input": "Hello", "workflow": "odd"}, 422),
    ],
)
async def test_what_cannot_be_done_is_refused_before_anything_waits(
    ada: Talker, body: dict[str, str], status: int
) -> None:
    async with ada.http() as client:
        answer = await client.post(RUNS, json=body)
        assert answer.status_code == status, answer.text
        assert (await client.get(RUNS)).json()["items"] == []


async def test_one_that_needs_somebody_waits_in_the_inbox_and_then_goes_on_by_a_worker(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await guarded(ada, approve_always=["calculator"])
    provider.script([uses("calculator", {"expression": "6 * 7"}), says("Forty-two.")])
    async with ada.http() as client, worker(serving):
        run = await start(client, workflow="tools")
        stream = await followed(ada, run["id"])
        assert stream[-1].event["outcome"]["type"] == "interrupt"
        waits = (await client.get(f"{RUNS}/{run['id']}")).json()
        (asked,) = await approvals(ada, state="pending")
        assert (waits["state"], asked["run_id"]) == ("interrupted", run["id"])
        busy = await client.post(RUNS, json={**ASKED, "conversation_id": run["conversation_id"]})
        assert (busy.status_code, busy.json()["code"]) == (409, "approvals_pending")
        further = await went_on(ada, await decide(ada, asked["id"]))
        ended = [(await client.get(f"{RUNS}/{each}")).json()["state"] for each in (run["id"],)]
    assert results(further) == ["42"]
    assert text_of(further) == "Forty-two."
    assert ended == ["interrupted"]
    assert len(provider.chats) == 2


async def test_of_many_that_wait_as_many_are_answered_as_the_budget_has_room_for(
    serving: Platform, ada: Talker, provider: FakeProvider
) -> None:
    await limit(serving.settings, ada.subject, "1 calls/day")
    async with ada.http() as client:
        waiting = [await start(client) for _ in range(MOST_WAITING)]
        async with worker(serving):
            streams = [await followed(ada, run["id"]) for run in waiting]
        ends = [stream[-1].event for stream in streams]
        assert sorted(end["type"] for end in ends) == ["RUN_ERROR", "RUN_ERROR", "RUN_FINISHED"]
        codes = {end["code"] for end in ends if end["type"] == "RUN_ERROR"}
        assert codes == {"budget_exceeded"}
        assert len(provider.chats) == 1
        refused = await client.post(RUNS, json=ASKED)
    assert (refused.status_code, refused.json()["code"]) == (402, "budget_exceeded")
