"""What a run's log tells of the runs that it has begun: sub-agents, one within the other.

What such a run says is told in the log of the one that has begun it as well, under types of their
own: whoever reads a log for what its run has said does not take it for that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from folkmoot.runs.events import Event
from folkmoot.runs.records import USED, Call, Usage

SUBAGENT: Final = "subagent."
SUBAGENT_STARTED: Final = "subagent.started"
SUBAGENT_FINISHED: Final = "subagent.finished"
SUBAGENT_FAILED: Final = "subagent.failed"
"""Events: one was begun, has come to an end or to a halt, or has failed. AG-UI has events for them,
so that the payloads are those events' bodies."""

NESTED: Final = "nested."
"""Stands before the type of an event that another run has written first."""

TOLD: Final = frozenset(
    {
        Event.STEP_STARTED,
        Event.STEP_FINISHED,
        Event.MESSAGE_STARTED,
        Event.MESSAGE_DELTA,
        Event.MESSAGE_FINISHED,
        Event.TOOL_STARTED,
        Event.TOOL_DELTA,
        Event.TOOL_FINISHED,
        Event.TOOL_RETURNED,
        Event.ACTIVITY_REPLACED,
        Event.ACTIVITY_PATCHED,
        USED,
        SUBAGENT_STARTED,
        SUBAGENT_FINISHED,
        SUBAGENT_FAILED,
    }
)
"""What is told of another run's log."""

CUT: Final = "It ended before its work was done."

PAIRS: Final[Mapping[str, tuple[str, str]]] = {
    Event.STEP_STARTED: (Event.STEP_FINISHED, "stepName"),
    Event.MESSAGE_STARTED: (Event.MESSAGE_FINISHED, "messageId"),
    Event.TOOL_STARTED: (Event.TOOL_FINISHED, "toolCallId"),
}
"""What opens something, what closes it, and the key of its name."""
CLOSING: Final = dict(PAIRS.values())
ENDS: Final = frozenset({SUBAGENT_FINISHED, SUBAGENT_FAILED})


class Spender(Protocol):
    """Whoever has asked models."""

    @property
    def total(self) -> "Tally": ...


@dataclass(slots=True)
class Tally:
    """What was spent on models: tokens by provider and model, money, and how many calls."""

    usage: dict[tuple[str, str], Usage] = field(default_factory=dict[tuple[str, str], Usage])
    micro_usd: int = 0
    model_calls: int = 0

    def count(self, used: Call) -> None:
        """Add one call; one that was not made has cost nothing."""
        if used.cached:
            return
        total = self._of(used.provider, used.model)
        total.input_tokens += used.input_tokens
        total.output_tokens += used.output_tokens
        total.cached_input_tokens += used.cached_input_tokens
        total.reasoning_tokens += used.reasoning_tokens
        self.micro_usd += used.micro_usd or 0
        self.model_calls += 1

    def add(self, other: "Tally") -> None:
        """Add what somebody else has spent."""
        for used in other.usage.values():
            total = self._of(used.provider, used.model)
            total.input_tokens += used.input_tokens
            total.output_tokens += used.output_tokens
            total.cached_input_tokens += used.cached_input_tokens
            total.reasoning_tokens += used.reasoning_tokens
        self.micro_usd += other.micro_usd
        self.model_calls += other.model_calls

    def _of(self, provider: str, model: str) -> Usage:
        return self.usage.setdefault((provider, model), Usage(provider=provider, model=model))


class Open(NamedTuple):
    """Something that a log has begun to tell and not yet closed."""

    type: str
    key: str
    name: str
    subagent: str


@dataclass(slots=True, eq=False)
class Nested:
    """The sub-agents of a run, as far as its log tells of them.

    Attributes:
        open: What is to be closed before the run's end, in the order in which it was opened.
        top: Which of the run's own sub-agents each one belongs to.
        told: How many events of each of those the log has.
        started: How many there have been, one within the other, by the log.
        admitted: How many were let in, some of which may not stand in the log yet.
        ended: Those that are over.
        spenders: Those that this process executes, by the name of the sub-agent.
    """

    open: dict[Open, None] = field(default_factory=dict[Open, None])
    top: dict[str, str] = field(default_factory=dict[str, str])
    told: dict[str, int] = field(default_factory=dict[str, int])
    started: int = 0
    admitted: int = 0
    ended: set[str] = field(default_factory=set[str])
    tallies: dict[str, Tally] = field(default_factory=dict[str, Tally])
    spenders: dict[str, Spender] = field(default_factory=dict[str, Spender])

    def admit(self, most: int) -> bool:
        """Let another one in, if there have not been that many."""
        before = max(self.admitted, self.started)
        if before < most:
            self.admitted = before + 1
        return before < most

    def see(self, type_: str, body: dict[str, Any]) -> None:
        """Take an event that the log tells."""
        inner = type_.removeprefix(NESTED)
        name: str = body["subagentRunId"]
        if inner == SUBAGENT_STARTED:
            self.top[name] = self.top.get(body.get("parentSubagentRunId", ""), name)
            self.open[Open(type_, "subagentRunId", name, name)] = None
            self.started += 1
        elif inner in ENDS:
            start = type_.removesuffix(inner) + SUBAGENT_STARTED
            self.open.pop(Open(start, "subagentRunId", name, name), None)
            self.ended.add(name)
        elif inner in PAIRS:
            key = PAIRS[inner][1]
            self.open[Open(type_, key, body[key], name)] = None
        elif inner in CLOSING:
            self._close(inner, CLOSING[inner], body)
        elif inner == USED:
            of = self.top.get(name, name)
            self.tallies.setdefault(of, Tally()).count(msgspec.convert(body["value"], Call))
        if type_ != inner:
            of = self.top.get(name, name)
            self.told[of] = self.told.get(of, 0) + 1

    def _close(self, inner: str, key: str, body: dict[str, Any]) -> None:
        opening = next(start for start, (end, _) in PAIRS.items() if end == inner)
        self.open.pop(Open(NESTED + opening, key, body[key], body["subagentRunId"]), None)

    def closing(self, code: str) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield what closes all that is open, what was opened last comes first."""
        for type_, key, name, subagent in reversed(self.open):
            inner = type_.removeprefix(NESTED)
            before = type_.removesuffix(inner)
            if inner == SUBAGENT_STARTED:
                told: dict[str, object] = {"subagentRunId": subagent, "message": CUT, "code": code}
                yield before + SUBAGENT_FAILED, told
            else:
                yield before + PAIRS[inner][0], {"subagentRunId": subagent, key: name}
        self.open.clear()

    def spent(self) -> Iterator[Tally]:
        """Yield what each has spent: as the log tells, or as is known here, whichever is more."""
        for name in self.tallies.keys() | self.spenders.keys():
            known = [self.tallies.get(name, Tally())]
            if name in self.spenders:
                known.append(self.spenders[name].total)
            yield max(known, key=lambda tally: tally.model_calls)


def told(type_: str, payload: bytes, subagent: str) -> tuple[str, bytes] | None:
    """Return an event of a sub-agent's log as it is told in that of the run that has begun it.

    What it tells of others within itself names them already.
    """
    if type_.startswith(NESTED):
        return type_, payload
    if type_ not in TOLD:
        return None
    if type_ in ENDS:
        return NESTED + type_, payload
    key = b"parentSubagentRunId" if type_ == SUBAGENT_STARTED else b"subagentRunId"
    named = msgspec.json.encode(subagent)
    return NESTED + type_, b'{"%b":%b,%b' % (key, named, payload[1:])
