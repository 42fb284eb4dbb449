"""Every kind of event, as it comes about by the API, and what it says."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import pytest
from psycopg import sql

from approving import calls, use
from folkmoot.approvals.expiring import Expiring
from folkmoot.kit.ids import new_id
from folkmoot.testing.replies import Fault, Reply, refuses, says
from folkmoot.webhooks import types
from hooking import Listener, Receiver, Scene
from scheduling import scheduled
from talking import Frame, body, frames
from whole import join, person, shelf, until, working

pytestmark = pytest.mark.anyio

Happening = Callable[[Listener], Awaitable[None]]
QUESTION: Final = "What may nobody else read?"
ANY: Final = {"If-Match": "*"}


async def ok(who: Listener, method: str, path: str, data: Any = None, **headers: str) -> Any:
    answer = await who.caller.ask(method, f"/api/v1{path}", data, **headers)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


async def ask(who: Listener, *replies: Reply, **changes: Any) -> list[Frame]:
    who.scene.provider.script(replies)
    asked = {**body(QUESTION, workflow="tools"), **changes}
    answer = await who.caller.ask("POST", "/api/chat/chat", asked)
    assert answer.status_code == 200, answer.text
    return frames(answer.content)


async def interrupted(who: Listener, **changes: Any) -> str:
    """Have a run ask before it looks at the clock; return the id of the approval."""
    guarded = {"values": {"approve_always": ["clock"]}}
    await ok(who, "PATCH", "/settings/guardrails?scope=user", guarded, **ANY)
    stream = await ask(who, calls(use("clock")), **changes)
    asked: str = stream[-1].event["outcome"]["interrupts"][0]["id"]
    return asked


async def runs_end(who: Listener) -> None:
    await ask(who, says("Yes."))
    await ask(who, refuses(400))
    run_id, asked = new_id().hex, len(who.scene.provider.chats)
    hanging = Reply(text=["Well"], fault=Fault.HANG)
    turn = asyncio.create_task(ask(who, hanging, runId=run_id))

    async def under_way() -> bool:
        return len(who.scene.provider.chats) > asked

    await until(under_way)
    await ok(who, "POST", f"/runs/{run_id}/cancel")
    await turn


async def approvals_are_decided(who: Listener) -> None:
    approval = await interrupted(who)
    who.scene.provider.script([says("It is late.")])
    decided = await ok(who, "POST", f"/approvals/{approval}", {"decision": "reject"})
    followed = await who.caller.ask("GET", f"/api/v1/runs/{decided['continued_by']}/events")
    assert "RUN_FINISHED" in followed.text


async def approvals_end_otherwise(who: Listener) -> None:
    await interrupted(who)
    who.scene.change(sql.SQL("UPDATE approvals SET expires_at = now()"))
    await Expiring(who.scene.parts.database).expire()
    thread = new_id().hex
    await interrupted(who, threadId=thread)
    await ok(who, "DELETE", f"/conversations/{thread}")


async def documents_are_read(who: Listener) -> None:
    _, document = await shelf(who.caller, "Whales", QUESTION)
    collection, broken = await shelf(who.caller, "Wolves", QUESTION)
    del broken
    files = {"file": ("broken.pdf", b"%PDF-1.7 and nothing more", "application/pdf")}
    sent = await who.scene.client.post(
        f"/api/v1/collections/{collection}/documents", files=files, headers=who.caller.headers
    )
    assert sent.status_code == 202, sent.text

    async def settled() -> bool:
        found = await ok(who, "GET", f"/collections/{collection}")
        return bool(found["pending_documents"] == 0)

    async with working(who.scene.parts):
        await until(settled)
    await ok(who, "DELETE", f"/documents/{document}")


async def members_come_and_go(who: Listener) -> None:
    linus = await person(who.scene.client, f"linus-{new_id().hex}")
    await join(who.caller, linus)
    member = f"/organizations/{who.caller.place}/members/{linus.id}"
    await ok(who, "PATCH", member, {"role": "admin"})
    await ok(who, "DELETE", member)


async def a_budget_is_used_up(who: Listener) -> None:
    limits = {"limits": ["2 calls/day"], "soft_warning_percent": 50}
    await ok(who, "PATCH", "/settings/budget?scope=organization", {"values": limits}, **ANY)
    for _ in range(2):
        await ask(who, says("Yes."))
    for _ in range(2):
        refused = await who.caller.ask("POST", "/api/chat/chat", body(QUESTION))
        assert refused.status_code == 402, refused.text


async def a_schedule_fails(who: Listener) -> None:
    schedule = await scheduled(who.caller, most_failures=1)
    who.scene.change(sql.SQL('UPDATE schedules SET asked = asked || \'{"agent_id": "gone"}\''))
    who.scene.change(sql.SQL("UPDATE schedules SET next_run_at = now()"))
    await who.scene.parts.unattended.ticking.tick()
    await ok(who, "POST", f"/schedules/{schedule['id']}/resume")


HAPPENINGS: Final[Mapping[Happening, tuple[str, ...]]] = {
    runs_end: (*("run.started",) * 3, "run.completed", "run.failed", "run.cancelled"),
    approvals_are_decided: (
        *("run.started", "run.started"),
        "run.interrupted",
        "approval.requested",
        "approval.decided",
        "run.completed",
    ),
    approvals_end_otherwise: (
        *("run.started", "run.started"),
        *("run.interrupted", "approval.requested", "approval.expired"),
        *("run.interrupted", "approval.requested", "approval.withdrawn"),
    ),
    documents_are_read: (
        *("document.ready", "document.ready", "document.failed", "document.deleted"),
        *("run.completed", "run.completed", "run.failed", *("run.started",) * 3),
    ),
    members_come_and_go: ("member.joined", "member.role_changed", "member.removed"),
    a_budget_is_used_up: (
        *("run.started", "run.started", "run.completed", "run.completed"),
        *("budget.warning", "budget.exceeded"),
    ),
    a_schedule_fails: ("schedule.refused", "schedule.paused", "schedule.resumed"),
}


async def test_every_kind_of_event_comes_about() -> None:
    assert {name for told in HAPPENINGS.values() for name in told} == set(types.KNOWN)


@pytest.mark.parametrize("happening", HAPPENINGS)
async def test_what_happens_is_told_once_by_ids_and_states_alone(
    scene: Scene, grace: Listener, eve: Listener, receiver: Receiver, happening: Happening
) -> None:
    hook = await grace.listen(receiver.url)
    await eve.listen(receiver.url)  # hers is another organisation
    await happening(grace)
    await scene.send()
    assert sorted(receiver.types) == sorted(HAPPENINGS[happening])
    for message in receiver.received:
        assert message.signed_by(hook["secret"])
        assert message.told["organization_id"] == grace.caller.place
        assert QUESTION.encode() not in message.body
        said, declared = message.told["data"], types.KNOWN[message.type].data
        assert declared.model_validate(said).model_dump().keys() == said.keys()


async def test_of_a_document_that_only_some_may_read_nobody_is_told(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    collection, secret = await shelf(grace.caller, "Plan", QUESTION)
    path = f"/collections/{collection}/documents"
    for title in ("Gone", "Open"):
        await ok(grace, "POST", path, {"title": title, "text": QUESTION, "external_id": title})
    found = (await ok(grace, "GET", path))["items"]
    gone, opened = (
        next(each["id"] for each in found if each["title"] == name) for name in ("Gone", "Open")
    )
    for document in (secret, gone):
        readers = {"readers": [{"user_id": grace.caller.id}]}
        await ok(grace, "PUT", f"/documents/{document}/permissions", readers)
    await grace.listen(receiver.url, "document.*")

    async def settled() -> bool:
        return bool(
            (await ok(grace, "GET", f"/collections/{collection}"))["pending_documents"] == 0
        )

    async with working(scene.parts):
        await until(settled)
    await ok(grace, "DELETE", f"/documents/{gone}?forever=true")
    for document in (secret, opened):
        await ok(grace, "DELETE", f"/documents/{document}")
    await scene.send()
    told = [(each.type, each.told["data"]["document_id"]) for each in receiver.received]
    assert sorted(told) == [("document.deleted", opened), ("document.ready", opened)]


async def test_what_nobody_listens_to_leaves_nothing_behind(
    scene: Scene, grace: Listener, receiver: Receiver
) -> None:
    await members_come_and_go(grace)
    assert await rows(scene, grace) == 0
    hook = await grace.listen(receiver.url, "document.*")
    await members_come_and_go(grace)
    assert await rows(scene, grace) == 3
    assert await scene.send() == 0
    assert await rows(scene, grace) == 0
    await grace.call("PATCH", f"/{hook['id']}", {"enabled": False})
    await members_come_and_go(grace)
    assert await rows(scene, grace) == 0


async def rows(scene: Scene, who: Listener) -> int:
    count = sql.SQL("SELECT count(*) FROM webhook_events WHERE org_id = %s")
    return scene.count(count, who.caller.place)
