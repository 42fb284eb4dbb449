"""Answers that could not be kept: what was done is not done again."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from ending import end
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.http import idempotent
from folkmoot.http.idempotency.keys import Keys
from folkmoot.kit.subject import Subject
from identity_app import SECRET_KEY
from repeating import Workshop
from whole import until

pytestmark = pytest.mark.anyio


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def fail(*_: object) -> None:
    raise DatabaseUnavailable


async def test_what_was_done_is_not_done_again_where_its_answer_could_not_be_kept(
    database: Database, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(database, SECRET_KEY)
    monkeypatch.setattr(keys, "keep", fail)
    monkeypatch.setattr(idempotent, "PAUSE", 0.01)
    workshop = Workshop(keys, subject, database)
    async with workshop.client:
        assert (await workshop.make()).json()["call"] == 1
        monkeypatch.undo()
        assert code(await workshop.make()) == (409, "answer_not_kept")
        assert code(await workshop.make(name="other")) == (422, "idempotency_key_reused")
    assert workshop.calls == 1


async def test_where_nothing_can_be_kept_the_key_is_not_given_back(
    database: Database, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = Keys(database, SECRET_KEY)
    for name in ("keep", "lose"):
        monkeypatch.setattr(keys, name, fail)
    monkeypatch.setattr(idempotent, "PAUSE", 0.0)
    workshop = Workshop(keys, subject, database)
    async with workshop.client:
        assert (await workshop.make()).json()["call"] == 1
        assert code(await workshop.make()) == (409, "request_in_flight")
    assert workshop.calls == 1


@pytest.mark.parametrize("what", ["reads", "prepares", "renames"])
async def test_a_process_that_dies_after_the_effect_does_not_have_it_repeated(
    database: Database, subject: Subject, what: str
) -> None:
    """The key is kept with the effect, so that it does not become free with its lease."""
    workshop = Workshop(Keys(database, SECRET_KEY, lease=timedelta(seconds=0.3)), subject, database)
    workshop.renames, workshop.prepares = what == "renames", what == "prepares"
    workshop.gate.clear()
    answers: list[httpx.Response] = []

    async def free() -> bool:
        answers.append(await workshop.make())
        return code(answers[-1]) != (409, "request_in_flight")

    async with workshop.client:
        dying = asyncio.create_task(workshop.make())
        await workshop.began.wait()
        assert code(await workshop.make()) == (409, "request_in_flight")
        await end(dying)
        workshop.gate.set()
        await until(free)
    if what == "renames":
        assert code(answers[-1]) == (409, "answer_not_kept")
        assert workshop.calls == 1
    else:
        assert answers[-1].json()["call"] == 2
