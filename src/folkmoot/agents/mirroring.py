"""Following a run that was begun for a tool call, and telling of it in the log of the other run.

What stands there already is not told again: the events of a run are told in their order, each
once, so that their number says where to go on.
"""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from folkmoot.agents import order
from folkmoot.agents.asking import Waiting
from folkmoot.agents.turn import UNTRUSTED, Turn
from folkmoot.runs.children import Child, Children
from folkmoot.runs.errors import LeaseLost
from folkmoot.runs.events import ENDS, Event, Recorded
from folkmoot.runs.nested import (
    SUBAGENT_FAILED,
    SUBAGENT_FINISHED,
    SUBAGENT_STARTED,
    Nested,
    told,
)
from folkmoot.tools.forgiving import failure
from folkmoot.tools.sources import SOURCES

TAINTING: Final = frozenset({UNTRUSTED, SOURCES})
CANCELLED: Final = "It was cancelled."


async def follow(
    children: Children, turn: Turn, child: Child, description: str | None = None
) -> str:
    """Wait for a sub-agent's end; return what it has answered, or why it has not.

    Raises:
        Waiting: Somebody has to decide before it goes on.
        LeaseLost: This process stops, and others go on.
    """
    errand = order.read(child.input).errand
    nested = turn.run.nested
    if errand is None or nested is None:
        raise LeaseLost  # a run that was begun for a call has both
    mirror = Mirror(turn, nested, errand.name, errand.path[-1])
    mirror.start(str(child.call_id), description)
    try:
        async with aclosing(children.follow(turn.run.subject, child.id)) as events:
            async for event in events:
                mirror.link(children, child)
                if event.type in ENDS:
                    return mirror.end(event)
                mirror.take(event)
                if turn.run.behind:
                    await turn.run.room()
    finally:
        if mirror.untrusted:
            turn.distrust(mirror.agent)
    raise LeaseLost


@dataclass(slots=True, eq=False)
class Mirror:
    """What is told of one run in the log of another."""

    turn: Turn
    nested: Nested
    name: str
    agent: str
    untrusted: bool = False
    known: int = 0
    place: int = 0
    silent: bool = False

    def start(self, call_id: str, description: str | None) -> None:
        """Say that it has begun, unless that stands there."""
        self.silent = self.name in self.nested.ended
        self.known = self.nested.told.get(self.name, 0)
        if self.silent or self.name in self.nested.top:
            return
        body = {"subagentRunId": self.name, "name": self.agent, "parentToolCallId": call_id}
        self._tell(SUBAGENT_STARTED, body | ({"description": description} if description else {}))

    def link(self, children: Children, child: Child) -> None:
        """Count what it spends as this run's, as soon as this process executes it."""
        live = children.here(child.id)
        if live is not None and self.nested.spenders.get(self.name) is not live:
            live.parent = self.turn.run
            self.nested.spenders[self.name] = live

    def take(self, event: Recorded) -> None:
        """Tell what it has said."""
        self.untrusted = self.untrusted or event.type in TAINTING
        if event.payload is None:
            return
        found = told(event.type, event.payload, self.name)
        if found is None:
            return
        self.place += 1
        if self.place > self.known and not self.silent:
            type_, payload = found
            self.turn.run.emit(type_, payload)
            self.nested.see(type_, msgspec.json.decode(payload))

    def end(self, event: Recorded) -> str:
        """Tell how it has ended; return what the one that has asked is told."""
        self.nested.spenders.pop(self.name, None)  # the log has it all
        body: dict[str, Any] = msgspec.json.decode(event.payload or b"{}")
        match event.type:
            case Event.RUN_FINISHED:
                result = body.get("result", "")
                self._tell(SUBAGENT_FINISHED, {"subagentRunId": self.name, "result": result})
                return result if isinstance(result, str) else orjson.dumps(result).decode()
            case Event.RUN_INTERRUPTED:
                self._suspend(body["outcome"]["interrupts"])
                raise Waiting
            case Event.RUN_FAILED:
                return self._fail(str(body.get("message", "")), str(body.get("code", "")))
            case _:
                return self._fail(CANCELLED, "run_cancelled")

    def _suspend(self, interrupts: list[dict[str, object]]) -> None:
        own = [each["id"] for each in interrupts if "subagentRunId" not in each]
        outcome = {"type": "suspended", "interruptIds": own}
        self._tell(SUBAGENT_FINISHED, {"subagentRunId": self.name, "outcome": outcome})
        self.turn.permits.raised += [{"subagentRunId": self.name} | each for each in interrupts]

    def _fail(self, message: str, code: str) -> str:
        self._tell(SUBAGENT_FAILED, {"subagentRunId": self.name, "message": message, "code": code})
        return failure(f"{self.agent} could not do it. {message}")

    def _tell(self, type_: str, body: dict[str, Any]) -> None:
        if not self.silent:
            self.turn.run.emit(type_, body)
            self.nested.see(type_, body)
