"""Many who ask the same at the same time, and are answered once."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from billing import ledger
from caching import remember
from folkmoot.agents.order import KIND
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.llm.port import ChatModel, ChatRequest, Chunk, Finished, TextDelta, Usage
from talking import Frame, Platform, Talker, body, custom, text_of
from whole import until

pytestmark = pytest.mark.anyio

MANY = 20


@dataclass
class Gated:
    """A model that begins to answer, and goes on when the test says so."""

    name: str = "openai:fake-chat"
    asked: int = 0
    left: int = 0
    failure: Exception | None = None
    begin: asyncio.Event = field(default_factory=asyncio.Event)
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def chat(self, _subject: Subject, _name: str | None, _others: Sequence[str]) -> ChatModel:
        return self

    async def lacking(self, _subject: Subject, _names: Iterable[str], _ability: str) -> str | None:
        return None

    async def stream(self, _request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        self.asked += 1
        try:
            await self.begin.wait()
            if self.failure is not None and self.asked == 1:
                raise self.failure
            yield [TextDelta("One ")]
            await self.go_on.wait()
            yield [TextDelta("answer."), Usage(input_tokens=1, output_tokens=2)]
            yield [Finished("stop")]
        finally:
            self.left += 1


@pytest.fixture
async def model(serving: Platform, ada: Talker) -> Gated:
    gated = Gated()
    serving.supervisor.register(KIND, replace(serving.executor, models=gated))
    await remember(serving.settings, ada.subject, "off", collapse_requests=True)
    return gated


@pytest.fixture
def all_of_us(serving: Platform, ada: Talker) -> list[Talker]:
    """People with the same rights; one of them asks first."""
    people = [replace(ada.subject, user_id=UserId(new_id())) for _ in range(MANY - 1)]
    return [ada, *map(serving.talker, people)]


async def listening(platform: Platform, count: int) -> None:
    """Wait until so many listen to one answer."""

    async def there() -> bool:
        return platform.answers.flights.listeners == count

    await until(there)


def reused(stream: Sequence[Frame]) -> list[str]:
    return [each["by"] for each in custom(stream, "answer.reused")]


@pytest.mark.core
async def test_of_twenty_at_once_one_asks_and_the_others_hear_it_even_if_that_one_leaves(
    all_of_us: list[Talker], serving: Platform, model: Gated, superuser_address: str
) -> None:
    ada, *others = all_of_us
    asked = body("Who asks?")
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ada.send(asked))
        await listening(serving, 1)
        rest = [group.create_task(each.ask("Who asks?")) for each in others]
        await listening(serving, MANY)
        model.begin.set()
        async with ada.http() as client:
            await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
        await listening(serving, MANY - 1)
        model.go_on.set()
    assert (model.asked, model.left) == (1, 1)
    assert first.result()[-1].type == "RUN_FINISHED"
    assert {text_of(each.result()) for each in rest} == {"One answer."}
    assert [reused(each.result()) for each in rest] == [["collapsed"]] * (MANY - 1)
    await serving.accounts.ledger.flush()
    free = ledger(superuser_address, reuse="collapsed", micro_usd=0)
    assert {each["user_id"] for each in free} == {each.subject.user_id for each in others}


async def test_those_who_listen_ask_themselves_where_the_first_one_fails(
    all_of_us: list[Talker], serving: Platform, model: Gated
) -> None:
    model.failure = ModelUnavailable(model.name)
    model.go_on.set()
    ada, grace, frank = all_of_us[:3]
    async with asyncio.TaskGroup() as group:
        first = group.create_task(ada.ask("Who asks?"))
        await listening(serving, 1)
        rest = [group.create_task(each.ask("Who asks?")) for each in (grace, frank)]
        await listening(serving, 3)
        model.begin.set()
    assert first.result()[-1].type == "RUN_ERROR"
    assert {text_of(each.result()) for each in rest} == {"One answer."}
    assert [reused(each.result()) for each in rest] == [[], []]
    assert model.asked == 3


async def test_an_answer_that_nobody_hears_any_more_is_left(
    ada: Talker, serving: Platform, model: Gated
) -> None:
    asked = body("Who asks?")
    async with asyncio.TaskGroup() as group:
        group.create_task(ada.send(asked))
        await listening(serving, 1)
        async with ada.http() as client:
            await client.post(f"/api/v1/runs/{asked['runId']}/cancel")
    assert model.left == 1
    assert serving.answers.flights.listeners == 0
