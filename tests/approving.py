"""Agents with a tool that reads what anybody may have written, and one that has an effect."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx

from folkmoot.agents.builtin import CHAT
from folkmoot.kit.ids import new_id
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.groups import Group, Guardrails
from folkmoot.settings.schemas import LayerWrite
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import Reply, Use, says
from folkmoot.tools.calculator import CALCULATOR
from folkmoot.tools.tool import Tool, ToolContext
from talking import Frame, Talker, body, frames

AGENT: Final = replace(CHAT, tools=("send", "read", "calculator"))
LETTER: Final = {"to": "eve@example.org", "text": "Hello"}
Json = dict[str, Any]


@dataclass
class Post:
    """Sends letters, and reads one that anybody may have written."""

    sent: list[Json] = field(default_factory=list[Json])
    by: list[Subject] = field(default_factory=list[Subject])
    received: str = "Buy now!"
    arrives: asyncio.Event | None = None

    async def send(self, context: ToolContext, arguments: Json) -> str:
        self.sent.append(arguments)
        self.by.append(context.subject)
        return f"Letter {len(self.sent)} is on its way."

    async def read(self, _context: ToolContext, _arguments: Json) -> str:
        if self.arrives is not None:
            await self.arrives.wait()
        return self.received

    def tools(self) -> Sequence[Tool]:
        text: Json = {"type": "string", "minLength": 1}
        return [
            Tool(
                name="send",
                description="Sends a letter.",
                parameters={
                    "type": "object",
                    "properties": {"to": text, "text": text},
                    "required": ["to", "text"],
                    "additionalProperties": False,
                },
                call=self.send,
            ),
            Tool(
                name="read",
                description="Reads the post.",
                parameters={"type": "object"},
                call=self.read,
                writes=False,
            ),
            CALCULATOR,
        ]


def use(name: str, arguments: Mapping[str, object] | None = None) -> Use:
    return Use(name, json.dumps(arguments or {}))


def calls(*wanted: Use) -> Reply:
    """Ask for several calls in one answer."""
    return Reply(uses=wanted)


def lured(provider: FakeProvider, *wanted: Use, end: str = "Done.") -> None:
    """Have the model read the post, then ask for these calls, and then say that it is done."""
    provider.script([calls(use("read")), calls(*wanted or (use("send", LETTER),)), says(end)])


@dataclass
class Asked:
    """A turn that waits for decisions."""

    talker: Talker
    body: Json
    stream: list[Frame]

    @property
    def interrupts(self) -> list[Json]:
        assert self.stream[-1].type == "RUN_FINISHED", self.stream[-1]
        outcome: Json = self.stream[-1].event["outcome"]
        assert outcome["type"] == "interrupt", outcome
        found: list[Json] = outcome["interrupts"]
        return found

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.interrupts]

    @property
    def thread(self) -> str:
        return str(self.body["threadId"])

    def answering(self, *answers: Json, **changes: Any) -> Json:
        """Return the input that continues."""
        return {**self.body, "runId": new_id().hex, "resume": list(answers), **changes}

    async def resume(self, *answers: Json) -> list[Frame]:
        return await self.talker.send(self.answering(*answers))


async def asked(talker: Talker, text: str = "Read my post.", thread: str | None = None) -> Asked:
    """Ask something that a decision is needed for."""
    wanted = body(text, thread, workflow="tools")
    return Asked(talker, wanted, await talker.send(wanted))


def approved(interrupt: str, **payload: Any) -> Json:
    return {
        "interruptId": interrupt,
        "status": "resolved",
        "payload": {"approved": True, **payload},
    }


def rejected(interrupt: str, **payload: Any) -> Json:
    return approved(interrupt, **payload) | {"payload": {"approved": False, **payload}}


def abandoned(interrupt: str) -> Json:
    return {"interruptId": interrupt, "status": "cancelled"}


async def decide(
    talker: Talker, approval: str, decision: str = "approve", **more: Any
) -> httpx.Response:
    async with talker.http() as client:
        return await client.post(
            f"/api/v1/approvals/{approval}", json={"decision": decision, **more}
        )


async def approvals(talker: Talker, **wanted: str) -> list[Json]:
    async with talker.http() as client:
        answer = await client.get("/api/v1/approvals", params=wanted)
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items


async def followed(talker: Talker, run: str) -> list[Frame]:
    """Read a run to its end."""
    async with talker.http() as client:
        answer = await client.get(f"/api/v1/runs/{run}/events")
        assert answer.status_code == 200, answer.text
        return frames(answer.content)


async def went_on(talker: Talker, answer: httpx.Response) -> list[Frame]:
    """Read the run that a decision has let go on."""
    assert answer.status_code == 200, answer.text
    return await followed(talker, answer.json()["continued_by"])


def results(stream: Sequence[Frame]) -> list[str]:
    return [frame.event["content"] for frame in stream if frame.type == "TOOL_CALL_RESULT"]


async def guarded(talker: Talker, **guardrails: object) -> None:
    """Let the organisation of somebody set its guardrails."""
    data = LayerWrite[Guardrails](values=Guardrails.model_validate(guardrails))
    at = (Scope.ORGANIZATION, None)
    await talker.platform.settings.replace(
        talker.subject, Group.GUARDRAILS, at, data, lambda _: None
    )
