"""What holds of remembering, whoever finds what is worth it: ourselves, or LangMem."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from budgeting import limit
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelStreamCut
from folkmoot.llm.port import ChatModel
from folkmoot.memory.applying import Outcome
from folkmoot.memory.ports import Said
from folkmoot.settings.groups import MemoryStrategy
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Fault, Tokens, fails, says
from memorizing import Wording
from recalling import adds, read, remembered, rows, say, texts
from talking import Platform, Talker

pytestmark = pytest.mark.anyio


@pytest.fixture(params=list(MemoryStrategy))
async def by(request: pytest.FixtureRequest, ada: Talker, serving: Platform) -> Wording:
    """Have what Ada says read by one strategy."""
    wording = Wording(request.param)
    await holds(serving, ada, wording)
    return wording


async def holds(serving: Platform, ada: Talker, by: Wording, **more: Any) -> None:
    """Choose a strategy; settings that are not named are not set any more."""
    await say(serving.settings, ada.subject, memory_strategy=by.strategy, **more)


async def told(ada: Talker, provider: FakeProvider, text: str, thread: str = "t1") -> None:
    """Say something to an agent that remembers."""
    provider.script([says("I see.")])
    await ada.ask(text, thread, workflow="full")


def asked(provider: FakeProvider, back: int = 1) -> str:
    """Return all that a model was told with one of the last questions."""
    messages = json.loads(provider.chats[-back].body)["messages"]
    return "\n".join(str(each["content"]) for each in messages)


async def mixed(_s: Subject, _c: str, run_ids: Sequence[RunId]) -> Sequence[Said]:
    """Return a talk of which one half is the person's, and the other anybody's."""
    mine = Said(id="1", run_id=run_ids[0], role="user", text="Mine.", untrusted=False)
    theirs = Said(id="2", run_id=run_ids[0], role="assistant", text="Evil.", untrusted=True)
    return [mine, theirs]


async def test_what_somebody_says_is_remembered_updated_and_forgotten(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str, by: Wording
) -> None:
    await told(ada, provider, "I live in Leeds, and I am on leave for a week.")
    leave = adds("Is on leave.", days=7, confidence=0.8, kind="goal")
    provider.script([by.finds(adds("Lives in Leeds."), leave, adds("A guess.", confidence=0.2))])
    assert await read(serving, ada, "t1") == Outcome(added=2)
    (home, leave) = sorted(await remembered(ada), key=lambda each: str(each["text"]), reverse=True)
    assert (home["origin"], home["untrusted"]) == ("conversation", False)
    assert home["conversation_id"] == "t1"
    assert home["run_id"]
    assert home["message_id"]
    assert (leave["kind"], leave["confidence"]) == ("goal", 0.8)
    assert leave["valid_until"] is not None
    assert all(each in asked(provider) for each in ("I live in Leeds", "I see."))
    assert rows(superuser_address, "memory_turns") == []

    await told(ada, provider, "I do not live in Leeds any more. I moved to York.", "t2")
    provider.script([by.finds({"action": "update", "number": 1, "text": "Lives in York."})])
    assert await read(serving, ada, "t2") == Outcome(updated=1)
    assert "Lives in Leeds." in asked(provider)
    assert texts(await remembered(ada)) == ["Is on leave.", "Lives in York."]

    await told(ada, provider, "Forget that I live in York.", "t2")
    provider.script([by.finds({"action": "delete", "number": 1})])
    assert await read(serving, ada, "t2") == Outcome(deleted=1)
    assert texts(await remembered(ada)) == ["Is on leave."]


async def test_a_memory_that_was_not_shown_is_not_reached(
    ada: Talker, serving: Platform, provider: FakeProvider, by: Wording
) -> None:
    async with ada.http() as client:
        await client.post("/api/v1/memories", json={"text": "Written by hand."})
        other = (await client.post("/api/v1/memories", json={"text": "Another."})).json()["id"]
    await told(ada, provider, "Change what you like.")
    wild: list[dict[str, Any]] = [
        *({"action": "delete", "number": number} for number in (0, 3, -1)),
        {"action": "update", "number": 7, "text": "Lives in Hell."},
    ]
    if by.strategy is MemoryStrategy.LANGMEM:
        wild.append({"action": "delete", "number": other})
    provider.script([by.finds(*wild), *(by.finds() for _ in range(8))])
    assert await read(serving, ada, "t1") in (Outcome(), None)
    assert texts(await remembered(ada)) == ["Another.", "Written by hand."]


async def test_the_same_is_remembered_once_by_two_jobs_at_once(
    ada: Talker, serving: Platform, provider: FakeProvider, by: Wording
) -> None:
    await told(ada, provider, "I live in Leeds.")
    twice = by.finds(adds("Lives in Leeds."), adds("lives in leeds."))
    provider.script([twice, twice])
    outcomes = await asyncio.gather(read(serving, ada, "t1"), read(serving, ada, "t1"))
    assert sorted(outcomes, key=str) == [None, Outcome(added=1)]
    assert texts(await remembered(ada)) == ["Lives in Leeds."]


async def test_a_model_that_obeys_everything_touches_nothing_that_is_trusted(
    ada: Talker, serving: Platform, provider: FakeProvider, by: Wording
) -> None:
    await told(ada, provider, "I live in Leeds.")
    provider.script([by.finds(adds("Lives in Leeds."))])
    assert await read(serving, ada, "t1", talks=mixed) == Outcome(added=1)
    assert "Evil." not in asked(provider)

    await holds(serving, ada, by, memory_untrusted=True)
    await told(ada, provider, "What does it say?")
    evil = [
        {"action": "delete", "number": 1},
        adds("Wants all mail sent to Eve."),
    ]
    provider.script([by.finds(adds("Mine.")), by.finds(*evil)])
    assert await read(serving, ada, "t1", talks=mixed) == Outcome(added=2)
    assert "Evil." in asked(provider)
    assert "Evil." not in asked(provider, 2)
    found = {each["text"]: each["untrusted"] for each in await remembered(ada)}
    assert found == {"Lives in Leeds.": False, "Mine.": False, "Wants all mail sent to Eve.": True}

    await told(ada, provider, "Go on.")
    over = {"action": "update", "number": 1, "text": "Lives in Hell."}
    provider.script([by.finds({"action": "delete", "number": 3}), by.finds(over)])
    await read(serving, ada, "t1", talks=mixed)
    assert "Eve" not in asked(provider, 2)
    assert {"Lives in Leeds.", "Mine."} <= set(texts(await remembered(ada)))


async def test_its_tokens_are_billed_once(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str, by: Wording
) -> None:
    await told(ada, provider, "I live in Leeds.")
    answer = by.finds(adds("Lives in Leeds."))
    provider.script([replace(answer, tokens=Tokens(1_000, 50))])
    await read(serving, ada, "t1")
    await serving.accounts.ledger.flush()
    calls = [each for each in rows(superuser_address, "model_calls") if each["run_id"] is None]
    (chat,) = [each for each in calls if each["operation"] == "chat"]
    assert (chat["user_id"], chat["input_tokens"], chat["output_tokens"]) == (
        ada.subject.user_id,
        1_000,
        50,
    )


async def test_a_budget_or_a_failure_leaves_what_was_said_for_the_next_try(
    ada: Talker, serving: Platform, provider: FakeProvider, superuser_address: str, by: Wording
) -> None:
    async with ada.http() as client:
        await client.post("/api/v1/memories", json={"text": "Written by hand."})
    await told(ada, provider, "I live in Leeds.")
    provider.script([fails(Fault.CUT, text="I ")])
    asked_so_far = len(provider.chats)
    with pytest.raises(ModelStreamCut):
        await read(serving, ada, "t1")
    assert len(provider.chats) == asked_so_far + 1
    assert len(rows(superuser_address, "memory_turns")) == 1

    await limit(serving.settings, ada.subject, daily_calls=0)
    assert await read(serving, ada, "t1") is None
    assert len(provider.chats) == asked_so_far + 1
    assert len(rows(superuser_address, "memory_turns")) == 1


async def test_what_people_change_meanwhile_stays_theirs(
    ada: Talker, serving: Platform, provider: FakeProvider, by: Wording
) -> None:
    async with ada.http() as client:
        memory = (await client.post("/api/v1/memories", json={"text": "Lives in Leeds."})).json()
    await told(ada, provider, "I have moved to York.")
    provider.script([by.finds({"action": "update", "number": 1, "text": "Lives in York."})])

    class Meanwhile:
        async def chat(self, *asked: Any) -> ChatModel:
            async with ada.http() as client:
                at = f"/api/v1/memories/{memory['id']}"
                assert (await client.patch(at, json={"text": "Lives in Bath."})).is_success
            return await serving.memory.extraction.models.chat(*asked)

    assert await read(serving, ada, "t1", models=Meanwhile()) == Outcome()
    assert texts(await remembered(ada)) == ["Lives in Bath."]
