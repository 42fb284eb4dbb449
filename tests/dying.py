"""A process with an agent that is killed in the middle of a tool call. Run as a program.

It answers what it is asked by a client, or in the background.

Its only argument is an `Order` as JSON. The tool writes a line into a file each time it is called:
that is its effect on the world.
"""

import asyncio
import os
import signal
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from folkmoot.agents import mirroring
from folkmoot.agents.builtin import CHAT
from folkmoot.agents.definition import AgentDefinition, Subagent, Workflow
from folkmoot.agents.order import KIND
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.runs.events import Recorded
from folkmoot.runs.ledger import Call, CallResult, Ledger
from folkmoot.runs.live import LiveRun
from folkmoot.runs.states import CallState
from folkmoot.runs.taking import Taking
from folkmoot.testing.provider import FakeProvider
from folkmoot.tools.tool import Tool, ToolContext
from talking import platform

AGENT = replace(CHAT, tools=("lever",))
HELPER = replace(AGENT, id="helper", workflows=(Workflow.TOOLS,))
BOSS = replace(AGENT, subagents=(Subagent("helper"),))


class Moment(StrEnum):
    """When the process dies."""

    IN_THE_TOOL = "in the tool"
    BEFORE_THE_RECORD = "between the tool and its record"
    AFTER_THE_RECORD = "between the record and the log"
    AFTER_THE_SUBAGENT = "between the end of a sub-agent and its result"


class Order(msgspec.Struct):
    """What the process is to do."""

    moment: Moment
    idempotent: bool
    effects: str
    app_address: str
    writer_address: str
    provider_port: int
    org_id: OrgId
    user_id: UserId
    question: dict[str, Any]
    delegated: bool = False

    @property
    def agents(self) -> list[AgentDefinition]:
        """Who pulls the lever: the agent itself, or another one that it asks."""
        return [BOSS, HELPER] if self.delegated else [AGENT]

    @property
    def taken(self) -> int:
        """How often the tool has taken effect."""
        return len(Path(self.effects).read_text().splitlines())

    def take_effect(self) -> None:
        with Path(self.effects).open("a") as file:
            file.write("pulled\n")


def die() -> None:
    """End as the kernel would end it."""
    os.kill(os.getpid(), signal.SIGKILL)


def lever(order: Order, *, deadly: bool = False) -> Tool:
    """Return the tool."""

    async def pull(_context: ToolContext, _arguments: dict[str, Any]) -> str:
        order.take_effect()
        if deadly:
            die()
        return "pulled"

    return Tool(
        name="lever",
        description="Has an effect.",
        parameters={"type": "object"},
        call=pull,
        idempotent=order.idempotent,
    )


class DyingMirror(mirroring.Mirror):
    """A process dies when a sub-agent has come to its end, before anybody is told."""

    def end(self, event: Recorded) -> str:
        die()
        return super().end(event)


class Dying(Ledger):
    """A ledger whose process dies around the record of a result."""

    moment = Moment.IN_THE_TOOL

    async def _settle(self, run: LiveRun, call: Call, text: str, state: CallState) -> CallResult:
        if self.moment is Moment.BEFORE_THE_RECORD:
            die()
        result = await Ledger._settle(self, run, call, text, state)
        if self.moment is Moment.AFTER_THE_RECORD:
            die()
        return result


async def main(order: Order) -> None:
    Dying.moment = order.moment
    if order.moment is Moment.AFTER_THE_SUBAGENT:
        setattr(mirroring, "Mirror", DyingMirror)  # noqa: B010 - as a type it is no variable
    tool = lever(order, deadly=order.moment is Moment.IN_THE_TOOL)
    provider = FakeProvider(port=order.provider_port)  # not started: the test's own answers
    async with platform(
        order.app_address,
        order.writer_address,
        provider,
        agents=order.agents,
        tools=[tool],
        ledger=Dying,
    ) as running:
        subject = Subject(order.org_id, order.user_id, frozenset({"agents:run", "runs:read"}))
        if "agent_id" not in order.question:
            await running.talker(subject).send(order.question)
            return
        async with running.talker(subject).http() as client:
            (await client.post("/api/v1/runs", json=order.question)).raise_for_status()
        await Taking(running.supervisor, (KIND,), places=1).work()


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Order)))
