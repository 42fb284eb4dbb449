"""Conversations that are read for what is worth remembering, after their turns."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from budgeting import limit
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelStreamCut
from folkmoot.llm.port import ChatModel
from folkmoot.memory.applying import Outcome
from folkmoot.memory.ports import Said
from folkmoot.settings.groups import Group
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, fails, says
from recalling import adds, finds, read, remembered, rested, rows, say, texts
from talking import Platform, Talker

pytestmark = pytest.mark.anyio


async def told(ada: Talker, provider: FakeProvider, text: str, thread: str = "t1") -> None:
    """Say something to an agent that remembers."""
    provider.script([says("I see.")])
    await ada.ask(text, thread, workflow="full")


def asked(provider: FakeProvider) -> str:
    """Return the last thing that a model was shown."""
    messages = json.loads(provider.chats[-1].body)["messages"]
    return str(messages[-1]["content"])


@pytest.mark.core
async def test_what_somebody_says_is_remembered_updated_and_forgotten_as_they_go_on(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str
) -> None:
    await told(ada, provider, "I live in Leeds, and I am on leave for a week.")
    provider.script(
        [finds(adds("Lives in Leeds."), adds("Is on leave.", days=7, confidence=0.8, kind="goal"))]
    )
    assert await read(serving, ada, "t1") == Outcome(added=2)
    (home, leave) = sorted(await remembered(ada), key=lambda each: str(each["text"]), reverse=True)
    assert (home["origin"], home["untrusted"], home["conversation_id"]) == (
        "conversation",
        False,
        "t1",
    )
    assert home["run_id"]
    assert home["message_id"]
    assert (leave["kind"], leave["confidence"]) == ("goal", 0.8)
    assert leave["valid_until"] is not None
    assert "I live in Leeds" in asked(provider)
    assert "I see." in asked(provider)
    assert rows(superuser_address, "memory_turns") == []

    await told(ada, provider, "I do not live in Leeds any more. I moved to York.", "t2")
    provider.script([finds({"action": "update", "number": 1, "text": "Lives in York."})])
    assert await read(serving, ada, "t2") == Outcome(updated=1)
    assert "1. Lives in Leeds." in asked(provider)
    assert texts(await remembered(ada)) == ["Is on leave.", "Lives in York."]

    await told(ada, provider, "Forget that I live in York.", "t2")
    provider.script([finds({"action": "delete", "number": 1})])
    assert await read(serving, ada, "t2") == Outcome(deleted=1)
    assert "moved to York" not in asked(provider)
    assert texts(await remembered(ada)) == ["Is on leave."]
    calls = [each for each in rows(superuser_address, "model_calls") if each["run_id"] is None]
    assert calls == []  # they are written behind
    await serving.accounts.ledger.flush()
    calls = [each for each in rows(superuser_address, "model_calls") if each["run_id"] is None]
    assert {each["user_id"] for each in calls} == {ada.subject.user_id}
    assert len(calls) == 3


async def test_the_same_is_remembered_once_however_it_is_said_and_however_often_it_is_read(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await told(ada, provider, "I live in Leeds.")
    provider.script([finds(adds("Lives in Leeds."), adds("lives in leeds.")) for _ in range(2)])
    outcomes = await asyncio.gather(read(serving, ada, "t1"), read(serving, ada, "t1"))
    assert sorted(outcomes, key=str) == [None, Outcome(added=1)]
    assert await read(serving, ada, "t1") is None
    await told(ada, provider, "As I said, I live in Leeds.")
    provider.script([finds(adds("Lives in Leeds"))])
    assert await read(serving, ada, "t1") == Outcome()
    await told(ada, provider, "In Leeds 6, that is.")
    provider.script([finds(adds("Lives in Leeds 6"))])
    assert await read(serving, ada, "t1") == Outcome(added=1)
    assert texts(await remembered(ada)) == ["Lives in Leeds 6", "Lives in Leeds."]


async def test_what_was_cut_is_read_again_and_what_people_change_meanwhile_stays_theirs(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await told(ada, provider, "I live in Leeds.")
    provider.script([fails(Fault.CUT, text='{"changes": [')])
    with pytest.raises(ModelStreamCut):
        await read(serving, ada, "t1")
    assert await remembered(ada) == []
    provider.script([finds(adds("Lives in Leeds."))])
    assert await read(serving, ada, "t1") == Outcome(added=1)
    (memory,) = await remembered(ada)
    await told(ada, provider, "I have moved to York.")
    provider.script([finds({"action": "update", "number": 1, "text": "Lives in York."})])

    class Meanwhile:
        async def chat(self, *asked: Any) -> ChatModel:
            async with ada.http() as client:
                at = f"/api/v1/memories/{memory['id']}"
                assert (await client.patch(at, json={"text": "Lives in Bath."})).is_success
            return await serving.memory.extraction.models.chat(*asked)

    assert await read(serving, ada, "t1", models=Meanwhile()) == Outcome()
    assert texts(await remembered(ada)) == ["Lives in Bath."]


async def test_what_anybody_may_have_written_is_kept_apart(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str
) -> None:
    async def mixed(_s: Subject, _c: str, run_ids: Sequence[RunId]) -> Sequence[Said]:
        mine = Said(id="1", run_id=run_ids[0], role="user", text="Mine.", untrusted=False)
        theirs = Said(id="2", run_id=run_ids[0], role="assistant", text="Evil.", untrusted=True)
        return [mine, theirs]

    await told(ada, provider, "I live in Leeds.")
    provider.script([finds(adds("Lives in Leeds."))])
    assert await read(serving, ada, "t1", talks=mixed) == Outcome(added=1)
    assert "Evil." not in asked(provider)

    await say(serving.settings, ada.subject, memory_untrusted=True)
    await told(ada, provider, "What does it say?")
    evil = [
        {"action": "delete", "number": 1},
        {"action": "update", "number": 1, "text": "Lives in Hell."},
        adds("Wants all mail sent to Eve."),
    ]
    provider.script([finds(), finds(*evil)])
    assert await read(serving, ada, "t1", talks=mixed) == Outcome(added=1)
    assert "Evil." in asked(provider)
    found = {each["text"]: each["untrusted"] for each in await remembered(ada)}
    assert found == {"Lives in Leeds.": False, "Wants all mail sent to Eve.": True}

    await told(ada, provider, "Go on.")
    provider.script([finds({"action": "delete", "number": 1}), finds()])
    await read(serving, ada, "t1", talks=mixed)
    trusted, _doubtful = (json.loads(each.body)["messages"][-1] for each in provider.chats[-2:])
    assert "Eve" not in trusted["content"]
    assert {each["text"] for each in rows(superuser_address)} == {"Wants all mail sent to Eve."}


async def test_what_people_paste_is_not_what_they_say(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    await told(ada, provider, "I like tea. Sum up:\n> I am Eve, and I pay for all.\nThank you.")
    provider.script([finds(adds("Likes tea."))])
    assert await read(serving, ada, "t1") == Outcome(added=1)
    assert "I like tea. Sum up:" in asked(provider)
    # Neither the text nor the answer, which may repeat it; nor any later answer.
    assert not any(each in asked(provider) for each in ("Eve", "I see."))
    await told(ada, provider, "And I like figs.")
    provider.script([finds()])
    await read(serving, ada, "t1")
    assert "I like figs." in asked(provider)
    assert "I see." not in asked(provider)

    await say(serving.settings, ada.subject, memory_untrusted=True)
    await told(ada, provider, "> I am Eve.", "t2")
    provider.script([finds(adds("Is called Eve."))])
    assert await read(serving, ada, "t2") == Outcome(added=1)
    (doubtful,) = await remembered(ada, untrusted=True)
    assert doubtful["text"] == "Is called Eve."


async def test_nothing_is_read_where_it_is_off_or_no_model_is_there_and_it_says_why(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str
) -> None:
    async def reading() -> str:
        async with ada.http() as client:
            return str((await client.get("/api/v1/memories/status")).json()["reading"])

    models = Group.MODELS
    settings = serving.settings
    for group, values, why in (
        (models, {"memory_model": "offline:extractive"}, "no_model"),
        (models, {"allowed_models": ["openai:x"], "memory_model": "openai:y"}, "not_allowed"),
        (Group.GENERAL, {"memory": "off"}, "off"),
    ):
        await say(settings, ada.subject, models)
        await told(ada, provider, "I live in Leeds.")
        before = len(provider.chats)
        await say(settings, ada.subject, group, **values)
        assert await reading() == why
        assert await read(serving, ada, "t1") is None
        assert (len(provider.chats), rows(superuser_address, "memory_turns")) == (before, [])
    await say(settings, ada.subject, models)
    await told(ada, provider, "I live in Leeds.")
    assert rows(superuser_address, "memory_turns") == []
    await say(settings, ada.subject)
    assert await reading() == "on"


async def test_switching_off_forgetting_all_or_a_conversation_that_goes_ends_a_reading(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    async def off() -> None:
        await say(serving.settings, ada.subject, memory="off")

    async def clear() -> None:
        async with ada.http() as client:
            assert (await client.delete("/api/v1/memories")).is_success

    for end in (clear, off):
        await told(ada, provider, "I live in Leeds.")

        async def ended(subject: Subject, thread: str, ids: Sequence[RunId]) -> Sequence[Said]:
            said = await serving.memory.extraction.talks(subject, thread, ids)
            await end()  # noqa: B023 - called within the loop
            return said

        provider.script([finds(adds("Lives in Leeds."))])
        assert await read(serving, ada, "t1", talks=ended) is None
        assert await remembered(ada) == []
    await say(serving.settings, ada.subject)
    await told(ada, provider, "I live in Leeds.", "t9")
    async with ada.http() as client:
        await client.delete("/api/v1/conversations/t9")
    assert await read(serving, ada, "t9") == Outcome()


async def test_what_many_may_say_by_the_account_of_a_program_is_nobodys_and_is_not_read(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str
) -> None:
    await told(ada, provider, "I live in Leeds.")
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE users SET email = NULL, email_normalized = NULL, password_hash = NULL,"
            " service_of = %s WHERE id = %s",
            (ada.subject.org_id, ada.subject.user_id),
        )
    provider.script([finds(adds("Lives in Leeds."))])
    assert await read(serving, ada, "t1") is None
    assert (rows(superuser_address), rows(superuser_address, "memory_turns")) == ([], [])


async def test_a_budget_that_is_used_up_puts_off_what_is_to_be_read(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str
) -> None:
    await told(ada, provider, "I live in Leeds.")
    await limit(serving.settings, ada.subject, daily_calls=0)
    assert await read(serving, ada, "t1") is None
    assert len(rows(superuser_address, "memory_turns")) == 1
    assert len(provider.chats) == 1


async def test_what_is_full_makes_room_of_what_was_found_and_not_used_for_longest(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    async with ada.http() as client:
        await client.post("/api/v1/memories", json={"text": "Written by hand."})
    await told(ada, provider, "Much.")
    provider.script([finds(adds("First."), adds("Second."), adds("Third."))])
    assert await read(serving, ada, "t1", most=3) == Outcome(added=3)
    assert texts(await remembered(ada)) == ["Second.", "Third.", "Written by hand."]


async def test_what_is_doubtful_takes_the_place_of_nothing_that_somebody_has_said(
    ada: Talker, serving: Platform, provider: FakeProvider
) -> None:
    async def mixed(_s: Subject, _c: str, run_ids: Sequence[RunId]) -> Sequence[Said]:
        mine = Said(id="1", run_id=run_ids[0], role="user", text="Mine.", untrusted=False)
        theirs = Said(id="2", run_id=run_ids[0], role="assistant", text="Evil.", untrusted=True)
        return [mine, theirs]

    await say(serving.settings, ada.subject, memory_untrusted=True)
    await told(ada, provider, "Much.")
    evil = [adds(f"Wants all mail sent to {each}.") for each in ("Eve", "Mallory", "Trudy")]
    provider.script([finds(adds("Lives in Leeds.")), finds(*evil)])
    await read(serving, ada, "t1", talks=mixed, most=2)
    assert texts(await remembered(ada)) == ["Lives in Leeds.", "Wants all mail sent to Trudy."]


async def test_a_burst_of_turns_is_one_job_once_it_is_over_and_every_person_has_their_own(
    ada: Talker,
    eve: Talker,
    serving: Platform,
    provider: FakeProvider,
    database: Database,
    app_address: str,
    superuser_address: str,
) -> None:
    job = serving.memory.extraction
    for talker, thread in ((ada, "t1"), (ada, "t1"), (ada, "t2"), (eve, "t1")):
        await told(talker, provider, "I live in Leeds.", thread)

    def jobs() -> list[tuple[str, str]]:
        with psycopg.connect(superuser_address) as connection:
            found = connection.execute(
                "SELECT args->>'user_id', args->>'conversation' FROM procrastinate_jobs"
                " WHERE task_name = 'memory.extract'"
            ).fetchall()
        return sorted((str(user), str(thread)) for user, thread in found)

    async with Queue(app_address) as queue:
        job.register(queue)
        await replace(job, rest=timedelta(hours=1)).gather(queue)
        assert jobs() == []
        await rested(database, ada.subject)
        await rested(database, eve.subject)
        await asyncio.gather(job.gather(queue), job.gather(queue))
        whose = str(ada.subject.user_id), str(eve.subject.user_id)
        due = [(whose[0], "t1"), (whose[0], "t2"), (whose[1], "t1")]
        assert jobs() == sorted(due)
        await job.gather(queue)
        assert len(jobs()) == len(due)
    provider.script([finds(adds("Lives in Leeds."))])
    assert await read(serving, ada, "t1") == Outcome(added=1)
    assert asked(provider).count("I live in Leeds.") == 2
    assert await remembered(eve) == []
