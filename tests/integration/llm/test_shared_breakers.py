"""Breakers of several processes on one database, each with models and a listener of its own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest

import whole
from asking import asking, outcome
from ending import end
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.subject import Subject
from folkmoot.llm.config import Retries, Tripping
from folkmoot.llm.errors import ModelCircuitOpen
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.port import FellBack
from folkmoot.llm.registry import Models
from folkmoot.llm.resilience.breakers import Breaker, Breakers, Circuit
from folkmoot.runs.hub import Hub
from folkmoot.settings.cache import Changes
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import refuses, says

pytestmark = pytest.mark.anyio

MODEL = "openai:m"
REST = 0.5


@dataclass
class Process:
    """One process, as far as it asks models."""

    models: Models
    hub: Hub
    gateway: Gateway

    @property
    def breakers(self) -> Breakers:
        return self.models.breakers

    @property
    def breaker(self) -> Breaker:
        return self.models.own.line(MODEL).breaker

    async def ask(self, text: str = "?") -> str | None:
        """Ask; return the code of the failure, or None."""
        result = await outcome(self.models.chat(MODEL), asking(text))
        return result.error.code if result.error else None


async def started(stack: AsyncExitStack, address: str, provider: FakeProvider) -> Process:
    database = Database(address)
    await database.open()
    stack.push_async_callback(database.close)
    config = replace(
        provider.config(),
        retries=Retries(attempts=1),
        tripping=Tripping(failures=3, rest=REST, trying=30),
        digest_key=b"of the deployment",
    )
    models = Models(config)
    stack.push_async_callback(models.aclose)
    hub = Hub()
    models.share(database, hub.channels)
    listening = asyncio.create_task(hub.listen(address, lambda: None))

    async def stop() -> None:
        await end(listening)

    stack.push_async_callback(stop)
    changes = Changes(database)
    secrets = Secrets(database, Sealer("k" * 32), changes=changes)
    return Process(models, hub, Gateway(models, secrets, changes))


@pytest.fixture
async def processes(
    app_address: str, provider: FakeProvider
) -> AsyncIterator[tuple[Process, Process]]:
    async with AsyncExitStack() as stack:
        here = await started(stack, app_address, provider)
        elsewhere = await started(stack, app_address, provider)
        await until(lambda: all(heard(each) for each in (here, elsewhere)))
        yield here, elsewhere


def heard(process: Process) -> bool:
    """Whether a process has asked how things stand, and so listens by now."""
    return not process.breakers._telling and process.hub.channels != {}


async def until(condition: Callable[[], object]) -> None:
    async def holds() -> bool:
        return bool(condition())

    await whole.until(holds)


async def opened(process: Process, provider: FakeProvider, failures: int = 3) -> None:
    provider.script([refuses(500)] * failures)
    for _ in range(failures):
        assert await process.ask() == "model_unavailable"
    assert process.breaker.state is Circuit.OPEN


@pytest.mark.core
async def test_a_breaker_that_opens_is_open_for_every_process_within_a_second(
    processes: tuple[Process, Process], provider: FakeProvider
) -> None:
    here, elsewhere = processes
    for process in processes:
        process.breakers._tripping = Tripping(failures=3, rest=60)
    assert await elsewhere.ask() is None
    asked = len(provider.chats)
    await opened(here, provider)
    begun = clock.monotonic()
    await until(lambda: elsewhere.breaker.opened)
    assert clock.monotonic() - begun < 5  # nobody asks again by itself
    assert len(provider.chats) == asked + 3
    with pytest.raises(Unavailable, match="openai"):
        await elsewhere.models.ping_providers()


@pytest.mark.core
async def test_of_all_processes_one_call_tries_and_all_hear_how_it_went(
    processes: tuple[Process, Process], provider: FakeProvider
) -> None:
    here, elsewhere = processes
    await opened(here, provider)
    await until(lambda: elsewhere.breaker.opened)
    await until(lambda: not here.breaker.left and not elsewhere.breaker.left)
    asked = len(provider.chats)
    both = [here.breaker, elsewhere.breaker]
    for breaker in both:
        breaker.until = 0.0
    provider.script([replace(says("Slowly."), first_delay=2)])
    codes = await asyncio.gather(*(each.ask() for each in [here, elsewhere] * 10))
    assert codes.count(None) == 1
    assert codes.count("model_circuit_open") == 19
    assert len(provider.chats) == asked + 1
    await until(lambda: not any(breaker.opened for breaker in both))
    assert await here.ask() is None
    assert await elsewhere.ask() is None


async def test_a_try_that_fails_keeps_it_open_everywhere(
    processes: tuple[Process, Process], provider: FakeProvider
) -> None:
    here, elsewhere = processes
    await opened(here, provider)
    await until(lambda: not here.breaker.left and elsewhere.breaker.opened)
    provider.script([refuses(500)])

    async def tried() -> bool:
        return await here.ask() == "model_unavailable"

    await whole.until(tried)
    assert here.breaker.opened == 2
    await until(lambda: elsewhere.breaker.opened == 2)


async def test_a_process_that_starts_or_was_deaf_finds_out(
    processes: tuple[Process, Process], provider: FakeProvider, app_address: str
) -> None:
    here, _ = processes
    await opened(here, provider)
    await until(lambda: not here.breakers._telling)
    async with AsyncExitStack() as stack:
        late = await started(stack, app_address, provider)
        await until(lambda: late.breaker.opened)
        assert late.breaker.opened == 1


async def test_a_try_that_is_left_is_free_for_others(
    processes: tuple[Process, Process], provider: FakeProvider
) -> None:
    here, elsewhere = processes
    await opened(here, provider)
    await until(lambda: elsewhere.breaker.opened and not here.breaker.left)
    provider.script([replace(says("Never."), first_delay=30)])
    leaving = asyncio.create_task(here.ask("leaving"))
    await until(lambda: leaving.done() or provider.chats[-1].heard.asked == "leaving")
    await end(leaving)
    await until(lambda: not here.breakers._telling)

    async def answered() -> bool:
        return await elsewhere.ask() is None

    await whole.until(answered)
    await until(lambda: not here.breaker.opened)
    assert await here.ask() is None


async def test_whoever_asks_is_refused_with_the_time_to_wait_unless_another_model_answers(
    processes: tuple[Process, Process], provider: FakeProvider, subject: Subject
) -> None:
    here, _ = processes
    here.breakers._tripping = Tripping(failures=3, rest=60)
    await opened(here, provider)
    with pytest.raises(ModelCircuitOpen) as refused:
        await here.gateway.chat(subject, MODEL)
    assert (refused.value.status, refused.value.code) == (503, "model_circuit_open")
    assert 50 < refused.value.retry_after <= 60
    for fallbacks in (["openai:another"], ["nobody:knows", "openai:another"]):
        with pytest.raises(ModelCircuitOpen):
            await here.gateway.chat(subject, MODEL, fallbacks)
    chain = await here.gateway.chat(subject, MODEL, ["anthropic:m"])
    asked = len(provider.chats)
    result = await outcome(chain, asking("Hi."))
    assert result.text == "Hi."
    assert result.chunks[0] == FellBack(MODEL, "anthropic:m", "model_circuit_open")
    assert len(provider.chats) == asked + 1
