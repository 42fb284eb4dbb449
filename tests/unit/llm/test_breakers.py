"""Breakers: closed, open, half-open, and what each of them lets through."""

import asyncio
from dataclasses import dataclass, field

import pytest

from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.kit.telemetry import metrics
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, Tripping
from folkmoot.llm.errors import (
    ModelCircuitOpen,
    ModelRateLimited,
    ModelRejected,
    ModelsClosed,
    ModelUnavailable,
)
from folkmoot.llm.resilience import breakers as rules
from folkmoot.llm.resilience.breakers import Breaker, Breakers, Circuit, Claim, Open
from folkmoot.llm.resilience.lines import Line, Lines
from folkmoot.llm.resilience.sharing import hear

pytestmark = pytest.mark.anyio

MODEL = "openai:m"
AWAY = ModelUnavailable(MODEL)
OPENAI = ProviderConfig(ProviderKind.OPENAI, api_key="a key")


@dataclass
class Time:
    now: float = 1_000.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(clock, "monotonic", lambda: time.now)
    return time


@pytest.fixture
def lines() -> Lines:
    return Lines(ModelsConfig(tripping=Tripping(failures=3, rest=10)))


@pytest.fixture
def line(lines: Lines) -> Line:
    return lines.get("openai", OPENAI, common=True)


async def call(line: Line, error: Exception | None = None, *, answered: bool = False) -> None:
    """Make one call that ends like this."""
    async with line.turn(None, MODEL) as turn:
        if answered:
            turn.answered()
        if error is not None:
            raise error


def stands(line: Line) -> Circuit:
    return line.breaker.state


async def fail(line: Line, times: int = 3) -> None:
    for _ in range(times):
        with pytest.raises(ModelUnavailable):
            await call(line, AWAY)


async def test_failures_in_a_row_open_it_and_it_answers_at_once(time: Time, line: Line) -> None:
    await fail(line, 2)
    assert stands(line) is Circuit.CLOSED
    await fail(line, 1)
    assert stands(line) is Circuit.OPEN
    time.pass_by(2.5)
    with pytest.raises(ModelCircuitOpen) as refused:
        await call(line)
    assert refused.value.retry_after == 8
    with pytest.raises(ModelCircuitOpen):
        line.demand(None, MODEL)


async def test_an_answer_or_a_rejection_in_between_begins_the_count_anew(line: Line) -> None:
    await fail(line, 2)
    await call(line)
    await fail(line, 2)
    with pytest.raises(ModelRejected):
        await call(line, ModelRejected(MODEL, "no"))
    await fail(line, 2)
    assert stands(line) is Circuit.CLOSED


async def test_failures_far_apart_do_not_count_together(time: Time, line: Line) -> None:
    for _ in range(5):
        await fail(line, 1)
        time.pass_by(rules.WITHIN + 1)
    assert stands(line) is Circuit.CLOSED


async def test_what_tells_nothing_of_the_provider_is_not_counted(line: Line) -> None:
    for _ in range(5):
        with pytest.raises(ModelsClosed):
            await call(line, ModelsClosed(MODEL))
        with pytest.raises(ZeroDivisionError):
            await call(line, ZeroDivisionError())
    assert line.breaker.failures == 0


async def test_when_its_time_is_over_one_call_tries_and_closes_it(time: Time, line: Line) -> None:
    await fail(line)
    time.pass_by(10)
    assert stands(line) is Circuit.HALF_OPEN
    async with line.turn(None, MODEL) as turn:
        with pytest.raises(ModelCircuitOpen):
            await call(line)
        turn.answered()
        assert stands(line) is Circuit.CLOSED
        await call(line)
    await call(line)


async def test_a_try_that_fails_opens_it_for_longer_each_time(time: Time, line: Line) -> None:
    await fail(line)
    for rest in (20, 40, 80, 120, 120):
        time.pass_by(line.breaker.left)
        await fail(line, 1)
        assert line.breaker.left == rest
    time.pass_by(120)
    await call(line)
    assert stands(line) is Circuit.CLOSED


async def test_a_try_that_is_left_lets_another_one_try(time: Time, line: Line) -> None:
    await fail(line)
    time.pass_by(10)
    with pytest.raises(ZeroDivisionError):
        await call(line, ZeroDivisionError())
    assert stands(line) is Circuit.HALF_OPEN
    await call(line)
    assert stands(line) is Circuit.CLOSED


async def test_a_provider_that_asks_for_more_time_gets_it_within_reason(
    time: Time, line: Line
) -> None:
    for _ in range(3):
        with pytest.raises(ModelRateLimited):
            await call(line, ModelRateLimited(MODEL, wait=45))
    assert line.breaker.left == 45
    time.pass_by(45)
    with pytest.raises(ModelRateLimited):
        await call(line, ModelRateLimited(MODEL, wait=86_400))
    assert line.breaker.left == rules.BELIEVED


async def test_calls_that_were_under_way_change_nothing_when_it_is_open(
    time: Time, line: Line
) -> None:
    slow = line.turn(None, MODEL)
    await slow.__aenter__()
    await fail(line)
    left = line.breaker.left
    await slow.__aexit__(ModelUnavailable, AWAY, None)
    assert line.breaker.left == left
    assert stands(line) is Circuit.OPEN


def test_each_key_has_a_line_of_its_own_and_the_same_one_for_all(lines: Lines) -> None:
    ours = lines.get("openai", OPENAI, common=True)
    theirs = lines.get("openai", ProviderConfig(ProviderKind.OPENAI, api_key="b"), common=False)
    elsewhere = lines.get("other", OPENAI, common=True)
    assert lines.get("openai", OPENAI, common=True) is ours
    assert len({ours.breaker.key, theirs.breaker.key, elsewhere.breaker.key}) == 3
    other_deployment = Lines(ModelsConfig(digest_key=b"k")).get("openai", OPENAI, common=True)
    assert other_deployment.breaker.key != ours.breaker.key


@dataclass
class Told:
    """Other processes, as one hears and asks them."""

    claim_is: Claim = Claim.MINE
    away: bool = False
    said: list[object] = field(default_factory=list[object])

    def _say(self, what: object) -> None:
        if self.away:
            raise Unavailable("gone")
        self.said.append(what)

    async def open(self, told: Open) -> None:
        self._say(told)

    async def close(self, key: bytes) -> None:
        self._say(("close", key))

    async def release(self, key: bytes) -> None:
        self._say(("release", key))

    async def claim(self, key: bytes, _seconds: float) -> Claim:
        self._say(("claim", key))
        return self.claim_is

    async def current(self) -> list[Open]:
        self._say("current")
        return [Open(b"elsewhere", 7, 2)]


async def settled(breakers: Breakers) -> None:
    """Wait until everything is told."""
    while breakers._telling:
        await asyncio.gather(*breakers._telling)
        await asyncio.sleep(0)


async def test_whoever_may_not_try_asks_again_a_little_later(time: Time, line: Line) -> None:
    line.breakers.sharing = told = Told(Claim.TAKEN)
    await fail(line)
    time.pass_by(10)
    with pytest.raises(ModelCircuitOpen) as refused:
        await call(line)
    assert refused.value.retry_after == 1
    told.claim_is = Claim.CLOSED
    time.pass_by(rules.AGAIN)
    await call(line)
    assert stands(line) is Circuit.CLOSED
    await settled(line.breakers)
    assert [each[0] for each in told.said if isinstance(each, tuple)] == ["claim", "claim"]


async def test_without_a_database_each_process_finds_out_by_itself(time: Time, line: Line) -> None:
    line.breakers.sharing = told = Told(away=True)
    await fail(line)
    await settled(line.breakers)
    assert stands(line) is Circuit.OPEN
    time.pass_by(10)
    with pytest.raises(ModelCircuitOpen):
        await call(line)
    await line.breakers.catch_up()
    assert stands(line) is Circuit.OPEN
    told.away = False
    time.pass_by(rules.AGAIN)
    await call(line)
    await line.breakers.aclose()
    assert stands(line) is Circuit.CLOSED


async def test_what_others_tell_counts_also_for_lines_that_are_not_there_yet(
    time: Time, line: Line
) -> None:
    hear(line.breakers, f"{line.breaker.key.hex()} 5.0 3")
    assert (line.breaker.state, line.breaker.opened) == (Circuit.OPEN, 3)
    assert line.breakers.opened() == [line.breaker]
    hear(line.breakers, line.breaker.key.hex())
    assert stands(line) is Circuit.CLOSED
    for odd in ("", "no hex", "zz 1 1", "1 2 3 4"):
        hear(line.breakers, odd)
    line.breakers.sharing = Told()
    await fail(line)
    hear(line.breakers, None)
    await settled(line.breakers)
    assert stands(line) is Circuit.CLOSED
    assert line.breakers.get(b"elsewhere", "openai", common=False).state is Circuit.OPEN


async def test_only_so_many_are_remembered_and_open_ones_longest(
    time: Time, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "REMEMBERED", 3)
    await fail(line)
    others: list[Breaker] = [
        line.breakers.get(bytes([number]), "openai", common=False) for number in range(5)
    ]
    assert line.breakers.get(line.breaker.key, "openai", common=True) is line.breaker
    assert line.breakers.get(b"\0", "openai", common=False) is not others[0]


async def test_what_becomes_of_breakers_is_counted(time: Time, lines: Lines) -> None:
    def figure(name: str, **labels: str) -> float:
        found = metrics.REGISTRY.get_sample_value(name, {"provider": "counted", **labels})
        return found or 0.0

    line = lines.get("counted", OPENAI, common=True)
    await fail(line)
    assert figure("llm_breakers_open") == 1
    assert figure("llm_breaker_changes_total", state="open") == 1
    with pytest.raises(ModelCircuitOpen):
        await call(line)
    assert figure("llm_calls_refused_total", reason="open") == 1
    time.pass_by(10)
    await call(line)
    assert figure("llm_breakers_open") == 0
