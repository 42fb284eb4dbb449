"""Deciding over the API: who may, once, in time, whatever happens meanwhile."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from approving import (
    LETTER,
    Post,
    approvals,
    approved,
    asked,
    calls,
    decide,
    followed,
    guarded,
    lured,
    results,
    use,
    went_on,
)
from folkmoot.approvals.expiring import Expiring
from folkmoot.identity.permissions import MEMBER
from folkmoot.kit.errors import NotFound
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import endings
from folkmoot.runs.opening import NewRun
from folkmoot.runs.supervisor import Supervisor
from folkmoot.testing.provider import FakeProvider
from talking import Platform, Talker, text_of
from trailing import actions_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def bob(serving: Platform, subject: Subject) -> Talker:
    """Somebody else in the organisation, who looks after nothing."""
    return serving.talker(replace(subject, user_id=UserId(new_id()), permissions=MEMBER))


@pytest.fixture
def grace(serving: Platform, subject: Subject) -> Talker:
    """Somebody else who looks after approvals."""
    return serving.talker(replace(subject, user_id=UserId(new_id())))


@pytest.mark.core
async def test_an_approved_call_is_made_for_whoever_has_asked(
    ada: Talker, grace: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    stream = await went_on(ada, await decide(grace, turn.ids[0]))
    assert text_of(stream) == "Done."
    assert post.sent == [LETTER]
    assert [each.user_id for each in post.by] == [ada.subject.user_id]
    actions = await actions_of(ada.platform.database, ada.subject)
    assert [each for each in actions if each.startswith(("approval.", "run."))] == [
        "approval.approved",
        "run.continued",
    ]
    (listed,) = await approvals(ada)
    assert listed["decided_by"] == str(grace.subject.user_id)
    assert [each["role"] for each in await ada.messages(turn.thread)][-2:] == ["tool", "assistant"]


async def test_calls_that_were_asked_for_together_go_on_together(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider, use("send", LETTER), use("send", LETTER))
    turn = await asked(ada)
    first = await decide(ada, turn.ids[0])
    assert first.json()["continued_by"] is None
    assert not post.sent
    better = {**LETTER, "text": "Hi"}
    stream = await went_on(ada, await decide(ada, turn.ids[1], "edit", arguments=better))
    assert [each["text"] for each in post.sent] == ["Hello", "Hi"]
    assert len(results(stream)) == 2


async def test_whoever_rejects_may_say_why(ada: Talker, provider: FakeProvider, post: Post) -> None:
    lured(provider)
    turn = await asked(ada)
    stream = await went_on(ada, await decide(ada, turn.ids[0], "reject", reason="Not to her."))
    assert results(stream)[0].endswith("They said: Not to her.")
    assert not post.sent


async def test_a_decision_is_made_once(ada: Talker, provider: FakeProvider, post: Post) -> None:
    lured(provider)
    turn = await asked(ada)
    await went_on(ada, await decide(ada, turn.ids[0]))
    again = await decide(ada, turn.ids[0], "reject")
    assert (again.status_code, again.json()["code"]) == (409, "approval_decided")
    assert post.sent == [LETTER]


async def test_of_two_who_decide_at_once_one_does(
    ada: Talker, grace: Talker, provider: FakeProvider, post: Post
) -> None:
    for _ in range(5):
        lured(provider)
        turn = await asked(ada)
        both = await asyncio.gather(
            decide(ada, turn.ids[0]), decide(grace, turn.ids[0], "reject", reason="No.")
        )
        assert sorted(each.status_code for each in both) == [200, 409]
        sent = len(post.sent)
        (winner,) = [each for each in both if each.status_code == 200]
        await went_on(ada, winner)
        assert len(post.sent) - sent in {0, 1}
        (listed,) = await approvals(ada, conversation_id=turn.thread)
        assert (listed["state"] == "approved") == (winner.json()["state"] == "approved")


async def test_what_others_were_asked_is_not_there(
    ada: Talker, bob: Talker, eve: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    for other in (bob, eve):
        assert not await approvals(other)
        async with other.http() as client:
            read = await client.get(f"/api/v1/approvals/{turn.ids[0]}")
            missing = await client.get(f"/api/v1/approvals/{new_id()}")
        told = await decide(other, turn.ids[0])
        assert [each.status_code for each in (read, missing, told)] == [404, 404, 404]
        assert read.json()["code"] == missing.json()["code"] == told.json()["code"]
    assert not post.sent


async def test_a_policy_lets_others_decide(
    ada: Talker, grace: Talker, provider: FakeProvider, post: Post
) -> None:
    await guarded(ada, approvers="others")
    lured(provider)
    turn = await asked(ada)
    by_protocol = await ada.post(turn.answering(approved(turn.ids[0])))
    for refused in (await decide(ada, turn.ids[0]), by_protocol):
        assert (refused.status_code, refused.json()["code"]) == (403, "approval_not_yours")
    await went_on(ada, await decide(grace, turn.ids[0]))
    assert post.sent == [LETTER]
    lured(provider)
    turn = await asked(ada)
    await went_on(ada, await decide(ada, turn.ids[0], "reject"))  # everybody may let it be
    assert post.sent == [LETTER]


async def test_whoever_looks_after_nothing_needs_an_approver(
    bob: Talker, provider: FakeProvider, post: Post, ada: Talker
) -> None:
    await guarded(ada, approvers="approvers")
    lured(provider)
    turn = await asked(bob)
    refused = await decide(bob, turn.ids[0])
    assert (refused.status_code, refused.json()["code"]) == (403, "approval_not_yours")
    await went_on(bob, await decide(ada, turn.ids[0]))
    assert post.sent == [LETTER]


async def test_arguments_that_do_not_fit_are_not_approved(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    for more in ({"arguments": {"to": "x"}}, {"arguments": {**LETTER, "bcc": "eve"}}, {}):
        refused = await decide(ada, turn.ids[0], "edit", **more)
        assert refused.status_code == 422, refused.text
    assert (await decide(ada, turn.ids[0], "approve", arguments=LETTER)).status_code == 422
    assert not post.sent


async def overdue(ada: Talker, approval: str) -> None:
    """Let the time of an approval be over."""
    statement = "UPDATE approvals SET expires_at = now() - interval '1 second' WHERE id = %s"
    async with ada.platform.database.pipelined(ada.subject) as connection:
        await connection.execute(statement, (approval,))


async def test_what_is_late_can_be_rejected_and_not_approved(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    await overdue(ada, turn.ids[0])
    refused = await decide(ada, turn.ids[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_expired")
    refused = await ada.post(turn.answering(approved(turn.ids[0])))
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_expired")
    await went_on(ada, await decide(ada, turn.ids[0], "reject"))
    assert not post.sent


async def test_what_nobody_decides_ends_and_the_conversation_goes_on(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider, use("send", LETTER), use("send", LETTER))
    turn = await asked(ada)
    assert (await decide(ada, turn.ids[0])).status_code == 200
    await overdue(ada, turn.ids[1])
    await Expiring(ada.platform.database).expire()
    assert [each["state"] for each in await approvals(ada)] == ["expired", "expired"]
    refused = await decide(ada, turn.ids[1])
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_decided")
    assert text_of(await ada.ask("Never mind.", turn.thread)) == "Done."  # as it was scripted
    assert not post.sent
    assert "approval.expired" in await actions_of(ada.platform.database, ada.subject)


async def test_what_a_run_has_asked_that_failed_over_it_is_asked_no_more(
    ada: Talker, provider: FakeProvider, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script([calls(use("read")), calls(use("send", LETTER))])
    with monkeypatch.context() as patch:
        patch.delattr(endings, "interrupt")  # it has asked, and comes to another end
        failed = await asked(ada)
    lured(provider)
    waits = await asked(ada)
    assert failed.stream[-1].type == "RUN_ERROR"
    (stranded,) = await approvals(ada, conversation_id=failed.thread)
    refused = await decide(ada, stranded["id"])
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_decided")
    await Expiring(ada.platform.database).expire()
    assert [each["id"] for each in await approvals(ada, state="pending")] == waits.ids
    (listed,) = await approvals(ada, conversation_id=failed.thread)
    assert listed["state"] == "withdrawn"
    assert "approval.withdrawn" in await actions_of(ada.platform.database, ada.subject)
    await went_on(ada, await decide(ada, waits.ids[0]))
    assert post.sent == [LETTER]


async def test_a_conversation_that_is_deleted_asks_no_more(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    async with ada.http() as client:
        gone = await client.delete(
            f"/api/v1/conversations/{turn.thread}", headers={"If-Match": "*"}
        )
        assert gone.status_code == httpx.codes.NO_CONTENT, gone.text
    (listed,) = await approvals(ada)
    assert listed["state"] == "withdrawn"
    refused = await decide(ada, turn.ids[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "approval_decided")
    assert text_of(await ada.ask("Hello", turn.thread)) == "Done."
    assert not post.sent


async def test_nothing_goes_on_for_somebody_who_has_gone(
    ada: Talker, grace: Talker, provider: FakeProvider, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    lured(provider)
    turn = await asked(ada)

    async def gone(*_: object) -> Subject:
        raise NotFound("They are no member any more.")

    monkeypatch.setattr(ada.platform.supervisor, "subjects", gone)
    refused = await decide(grace, turn.ids[0])
    assert (refused.status_code, refused.json()["code"]) == (409, "requester_gone")
    assert not post.sent


async def test_another_process_goes_on_with_what_this_one_has_asked(
    ada: Talker, second: Platform, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    await ada.platform.supervisor.drain(grace=0)
    elsewhere = second.talker(ada.subject)
    stream = await went_on(elsewhere, await decide(elsewhere, turn.ids[0]))
    assert text_of(stream) == "Done."
    assert post.sent == [LETTER]


async def test_a_process_that_dies_between_the_decision_and_the_run_loses_neither(
    ada: Talker,
    second: Platform,
    provider: FakeProvider,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lured(provider)
    turn = await asked(ada)
    begun: list[NewRun] = []

    def dies(_: Supervisor, new: NewRun, **__: object) -> None:
        begun.append(new)

    first = ada.platform.supervisor
    monkeypatch.setattr(Supervisor, "begin", dies)
    decided = await decide(ada, turn.ids[0])
    assert decided.status_code == httpx.codes.OK
    assert not post.sent
    await first.lease.die(first.process_id)
    async with asyncio.timeout(60):
        stream = await followed(second.talker(ada.subject), decided.json()["continued_by"])
    assert text_of(stream) == "Done."
    assert post.sent == [LETTER]
    assert [str(new.id) for new in begun] == [decided.json()["continued_by"]]


async def test_a_process_that_takes_no_runs_takes_no_decisions(
    ada: Talker, provider: FakeProvider, post: Post
) -> None:
    lured(provider)
    turn = await asked(ada)
    ada.platform.supervisor.draining = True
    refused = await decide(ada, turn.ids[0])
    assert (refused.status_code, refused.json()["code"]) == (503, "draining")
    assert [each["state"] for each in await approvals(ada)] == ["pending"]
