"""Answers of a moment ago."""

import asyncio
from functools import partial
from uuid import UUID

import pytest

from folkmoot.identity.callers import recent
from folkmoot.identity.callers.recent import Recent
from folkmoot.kit import clock

pytestmark = pytest.mark.anyio


ADA, EVE = UUID(int=1), UUID(int=2)


def remembering() -> Recent[str, str]:
    """Return a memory in which every answer is about Ada."""
    return Recent(lambda _: (ADA,))


class Question:
    """Counts how often it is asked; answers when `answer` says so."""

    def __init__(self) -> None:
        self.asked = 0
        self.began = asyncio.Event()
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.asked += 1
        self.began.set()
        return await asyncio.shield(self.answer)


async def test_many_who_ask_at_once_share_one_answer() -> None:
    recently, question = remembering(), Question()
    waiting = [asyncio.create_task(recently.get("key", question)) for _ in range(200)]
    await question.began.wait()
    question.answer.set_result("yes")
    assert set(await asyncio.gather(*waiting)) == {"yes"}
    assert await recently.get("key", question) == "yes"
    assert question.asked == 1


async def test_whoever_may_have_missed_something_forgets_all_also_what_is_being_asked() -> None:
    recently, before, question = remembering(), Question(), Question()
    waiting = asyncio.create_task(recently.get("key", before))
    await before.began.wait()
    recently.forget_all()
    before.answer.set_result("old")
    question.answer.set_result("new")
    assert (await waiting, await recently.get("key", question)) == ("old", "new")
    recently.forget_all()
    await recently.get("key", question)
    assert question.asked == 2


async def test_an_answer_counts_for_four_seconds_from_the_question(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    recently, question = remembering(), Question()
    first = asyncio.create_task(recently.get("key", question))
    await question.began.wait()
    moment += 3
    question.answer.set_result("yes")
    await first
    moment += 0.9
    await recently.get("key", question)
    assert question.asked == 1
    moment += 0.2
    await recently.get("key", question)
    assert question.asked == 2


async def test_a_failure_reaches_everybody_who_waits_and_is_not_remembered() -> None:
    recently, question = remembering(), Question()
    waiting = [asyncio.create_task(recently.get("key", question)) for _ in range(3)]
    await question.began.wait()
    question.answer.set_exception(LookupError("no"))
    failures = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(failure) for failure in failures] == [LookupError] * 3
    with pytest.raises(LookupError):
        await recently.get("key", question)
    assert question.asked == 2


async def test_one_who_gives_up_does_not_take_the_others_along() -> None:
    recently, question = remembering(), Question()
    impatient = asyncio.create_task(recently.get("key", question))
    await question.began.wait()
    patient = asyncio.create_task(recently.get("key", question))
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    question.answer.set_result("yes")
    assert await patient == "yes"
    assert question.asked == 1


async def test_what_was_asked_before_a_revocation_is_not_remembered() -> None:
    recently, early, late = remembering(), Question(), Question()
    first = asyncio.create_task(recently.get("key", early))
    await early.began.wait()
    recently.forget(ADA)
    second = asyncio.create_task(recently.get("key", late))
    await late.began.wait()
    late.answer.set_result("new")
    assert await second == "new"
    early.answer.set_result("old")
    assert await first == "old"
    assert await recently.get("key", early) == "new"


async def test_the_oldest_answers_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "REMEMBERED", 2)
    recently, question = remembering(), Question()
    question.answer.set_result("yes")
    for key in ("a", "b", "c", "c", "b"):
        await recently.get(key, question)
    assert question.asked == 3
    await recently.get("a", question)
    assert question.asked == 4


async def test_what_is_forgotten_is_about_somebody_and_not_about_others() -> None:
    people = {"ada": ADA, "eve": EVE}
    recently, question = Recent[str, str](lambda answer: (people[answer],)), Question()

    async def ask(name: str) -> str:
        question.asked += 1
        return name

    for name in people:
        await recently.get(name, partial(ask, name))
    for _ in range(100):
        recently.forget(EVE)
    assert await recently.get("ada", partial(ask, "ada")) == "ada"
    assert question.asked == 2
    assert await recently.get("eve", partial(ask, "eve")) == "eve"
    assert question.asked == 3


async def test_who_asks_while_something_is_forgotten_is_remembered_all_the_same() -> None:
    recently, question = remembering(), Question()
    first = asyncio.create_task(recently.get("key", question))
    await question.began.wait()
    recently.forget(EVE)
    question.answer.set_result("yes")
    await first
    assert await recently.get("key", question) == "yes"
    assert question.asked == 1


async def test_what_was_forgotten_long_ago_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr(clock, "monotonic", lambda: moment)
    recently, question = remembering(), Question()
    question.answer.set_result("yes")
    recently.forget(ADA)
    moment += recent.SECONDS
    recently.forget(EVE)
    await recently.get("key", question)
    recently.forget(ADA)
    await recently.get("key", question)
    assert question.asked == 2
