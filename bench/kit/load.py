"""Putting a server through a scenario, and what comes of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import median

from kit import marks, processes
from kit.client import Pool
from kit.reading import Reading
from kit.scenarios import WARM_UP, Scenario
from kit.targets import Conversation, Target

REST = 1.0  # seconds
ROUND = 10
"""Turns of a conversation between two looks at the CPU it has taken."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario, once. `measures` names what was measured; times in ms unless named else."""

    target: str
    scenario: str
    ok: int
    total: int
    errors: dict[str, int]
    measures: dict[str, float]


@dataclass(slots=True)
class Load:
    """The users of one server; `pid` is the root of its process tree."""

    target: Target
    pid: int
    pool: Pool
    idle: processes.Weight = field(default_factory=processes.Weight)

    async def warm_up(self) -> None:
        """Ask a few questions that do not count, then let the server come to rest.

        Raises:
            RuntimeError: they were not answered.
        """
        outcome = await self.run(WARM_UP)
        if outcome.ok != outcome.total:
            raise RuntimeError(f"{self.target.name} does not answer: {outcome.errors}")
        await asyncio.sleep(REST)
        self.idle = processes.memory(self.pid)

    async def run(self, scenario: Scenario) -> Outcome:
        """Put the server through a scenario."""
        crowd = Crowd(self.target, self.pid, self.pool, scenario)
        peaks = [processes.memory(self.pid).all]
        watch = asyncio.create_task(_watch(self.pid, peaks))
        before, begun = processes.cpu(self.pid), time.monotonic()
        await crowd.come()
        seconds, cpu = time.monotonic() - begun, processes.cpu(self.pid).since(before)
        peaks.append(processes.memory(self.pid).all)
        watch.cancel()
        with suppress(asyncio.CancelledError):
            await watch
        self.pool.close()
        measures = dict(_measures(crowd.readings, seconds, cpu))
        measures |= {"memory_idle_mb": self.idle.all, "memory_peak_mb": max(peaks)}
        if scenario.turns_each > 1:
            measures |= dict(_growth(crowd))
        errors = Counter(each.verdict() for each in crowd.readings if not each.whole)
        total = len(crowd.readings)
        ok = total - errors.total()
        return Outcome(self.target.name, scenario.name, ok, total, dict(errors), measures)


@dataclass(slots=True)
class Crowd:
    """The users of one scenario."""

    target: Target
    pid: int
    pool: Pool
    scenario: Scenario
    readings: list[Reading] = field(default_factory=list[Reading])
    cpu: list[float] = field(default_factory=list[float])
    _asked: int = 0
    _until: float = 0.0

    async def come(self) -> None:
        """Let all users come, ask and go."""
        self._until = time.monotonic() + self.scenario.seconds
        async with asyncio.TaskGroup() as users:
            for number in range(self.scenario.users):
                users.create_task(self._user(number))

    async def _user(self, number: int) -> None:
        scenario = self.scenario
        await asyncio.sleep(scenario.ramp * number / scenario.users)
        conversation, turn = Conversation(), 0
        while self._asked < scenario.turns or time.monotonic() < self._until:
            self._asked += 1
            if turn and turn % scenario.turns_each == 0:
                conversation = Conversation()
            if scenario.turns_each > 1 and turn % ROUND == 0:
                self.cpu.append(processes.cpu(self.pid).all)
            await self._turn(conversation, f"Question {turn} of user {number}")
            turn += 1

    async def _turn(self, conversation: Conversation, text: str) -> None:
        scenario = self.scenario
        conversation.ask(f"{text}. {scenario.wish}")
        request = self.target.question(conversation, tools=scenario.calls > 0)
        reading = Reading(self.target.dialect, scenario.tokens, marks.now())
        self.readings.append(reading)
        try:
            reading.status = await self.pool.exchange(
                request, reading.take, seconds=scenario.patience
            )
        except (TimeoutError, OSError) as error:
            reading.failure = f"{type(error).__name__} after {reading.tokens} tokens"
        reading.ended = marks.now()
        heard = b"".join(map(marks.token, range(scenario.tokens))).decode()
        conversation.hear(reading.message_id, heard)


async def _watch(pid: int, peaks: list[float]) -> None:
    """Note the memory once a second; reading it takes long enough to be done elsewhere."""
    while True:
        await asyncio.sleep(1.0)
        peaks.append((await asyncio.to_thread(processes.memory, pid)).all)


def _measures(
    readings: Sequence[Reading], seconds: float, cpu: processes.Weight
) -> Iterator[tuple[str, float]]:
    tokens = max(1, sum(each.tokens for each in readings))
    whole = [each for each in readings if each.whole]
    yield "tokens_per_s", tokens / seconds
    yield "turns_per_s", len(whole) / seconds
    yield "cpu_ms_per_1000_tokens", cpu.all * 1e6 / tokens
    yield "cpu_ms_per_1000_tokens_database", cpu.database * 1e6 / tokens
    yield "cpu_ms_per_turn", cpu.all * 1e3 / len(readings)
    yield "bytes_per_token", sum(each.size for each in readings) / tokens
    lags = [lag for each in whole for lag in each.lags]
    for name, values in (
        ("first_token", [each.added for each in whole]),
        ("token_lag", lags),
        ("turn", [each.ended - each.asked for each in whole]),
    ):
        for percent in (50, 99):
            yield f"{name}_p{percent}", percentile(values, percent) / 1000


def _growth(crowd: Crowd) -> Iterator[tuple[str, float]]:
    """Tell how much dearer the last turns of a conversation are than its first."""
    took = [each.ended - each.asked for each in crowd.readings]
    yield "growth_of_turn", median(took[-ROUND:]) / median(took[:ROUND])
    spent = [after - before for before, after in zip(crowd.cpu, crowd.cpu[1:], strict=False)]
    first, last = sum(spent[:4]), sum(spent[-4:])
    yield "growth_of_cpu", last / first if first else 1.0


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the smallest value that so many percent of the values do not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0.0
