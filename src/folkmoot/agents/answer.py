"""One answer of the model: asked for, written into the run's log as it comes, handed on whole.

The text goes from the model port straight into the log. What the graph is given afterwards is what
the log holds, cleaned of secrets, so that the model reads nothing that no reader could.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec.structs import replace

from folkmoot.agents import citations, output
from folkmoot.agents.errors import OutputInvalid
from folkmoot.agents.turn import Turn
from folkmoot.kit.ids import new_id
from folkmoot.llm.port import (
    ChatMessage,
    ChatModel,
    ChatRequest,
    Chunk,
    FellBack,
    Finished,
    FinishReason,
    ReasoningDelta,
    Reused,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolCallStarted,
    Usage,
)
from folkmoot.llm.providers import parts
from folkmoot.runs.live import TextStream
from folkmoot.runs.records import MessageRecord

TOOLS_REQUESTED: Final = "tools.requested"
"""Ends an answer that consists of tool calls alone; other answers end with their message."""

TOOL_SIGNED: Final = "tool.signed"
"""A provider's own mark on a tool call, which it wants to see again. AG-UI has an event for it, so
that the payload is that event's body."""

ANSWER_LIMITED: Final = "answer.limited"
"""The provider ended an answer early, for instance because it became too long."""

FELL_BACK: Final = "model.fell_back"
"""Another model answers than the one that was asked, which was not available: both, and why."""

REUSED: Final = "answer.reused"
"""No model was asked, as the answer was there: how it was found, and when it was given first."""

USUAL: Final = frozenset({"stop", "tool_calls"})

UNUSUAL: Final = re.compile(r"[^\w.:/-]")
"""What no name of a tool contains: a model that is led astray may ask for anything."""

LONGEST_NAME: Final = 128


async def ask(turn: Turn, messages: Sequence[ChatMessage]) -> ChatMessage:
    """Ask the turn's model and return its whole answer.

    Raises:
        ModelError: the model failed. What it had said stays in the log and is closed as cut off.
        StepLimitReached: it was asked too often in this turn.
        OutputInvalid: its final answer does not fit the agent's schema, nor does another one.
    """
    turn.count_answer()
    request = ChatRequest(
        messages=messages,
        tools=turn.specs,
        temperature=turn.temperature,
        max_tokens=turn.max_tokens,
        response_schema=turn.schema,
    )
    answer = _Answer(turn, str(new_id()))
    said = await _asked(answer, request, turn.first)
    if not answer.faults:
        return said
    told = ChatMessage("user", output.complaint(answer.faults))
    repair = replace(request, messages=[*messages, *_kept(said), told], tool_choice="none")
    answer = _Answer(turn, str(new_id()))
    said = await _asked(answer, repair, turn.model)
    if answer.faults:
        raise OutputInvalid(answer.faults)
    return said


def _kept(said: ChatMessage) -> Sequence[ChatMessage]:
    return (said,) if said.text else ()  # providers refuse a message in which nothing stands


async def _asked(answer: "_Answer", request: ChatRequest, model: ChatModel) -> ChatMessage:
    turn = answer.turn
    async with aclosing(model.stream(request)) as batches:
        async for batch in batches:
            for chunk in batch:
                answer.take(chunk)
            if turn.run.behind:
                await turn.run.room()
    return await answer.finish()


@dataclass(slots=True)
class _OpenCall:
    id: str
    name: str
    signature: str | None
    arguments: TextStream


@dataclass(slots=True, eq=False)
class _Answer:
    """An answer in the making; each kind of text is opened with its first piece."""

    turn: Turn
    id: str
    message: TextStream | None = None
    reasoning: TextStream | None = None
    calls: dict[int, _OpenCall] = field(default_factory=dict[int, _OpenCall])
    reason: FinishReason = "stop"
    faults: Sequence[str] = ()

    def take(self, chunk: Chunk) -> None:
        """Write the next piece into the log."""
        match chunk:
            case TextDelta():
                self._speak().write(chunk.text)
            case ToolCallDelta():
                self.calls[chunk.index].arguments.write(chunk.arguments)
            case ReasoningDelta():
                self._think().write(chunk.text)
            case ToolCallStarted():
                self._call(chunk)
            case FellBack():
                told: dict[str, object] = {"model": chunk.model, "by": chunk.by, "code": chunk.code}
                self.turn.run.announce(FELL_BACK, told)
            case Reused():
                told = {"message_id": self.id, "by": chunk.by}
                if chunk.at is not None:
                    told |= {"at": chunk.at, "likeness": chunk.likeness}
                self.turn.run.announce(REUSED, told)
            case Finished():
                self.reason = chunk.reason
            case Usage():
                pass  # is for whoever pays

    async def finish(self) -> ChatMessage:
        """Close what is open and return the whole answer."""
        self._stop_thinking()
        if self.message is None and not self.calls:
            self._speak()
        calls = [self._close_call(call) for call in self.calls.values()]
        if self.reason not in USUAL:
            told = {"message_id": self.id, "reason": self.reason}
            self.turn.run.announce(ANSWER_LIMITED, told)
        text = await self._close_message(calls)
        return ChatMessage("assistant", text, tool_calls=calls)

    def _speak(self) -> TextStream:
        if self.message is None:
            self._stop_thinking()
            self.message = self.turn.run.message(self.id)
        return self.message

    def _think(self) -> TextStream:
        if self.reasoning is None:
            self.reasoning = self.turn.run.reasoning(str(new_id()))
        return self.reasoning

    def _stop_thinking(self) -> None:
        if self.reasoning is not None:
            self.reasoning.end()
            self.reasoning = None

    def _call(self, chunk: ToolCallStarted) -> None:
        self._stop_thinking()
        run, call_id = self.turn.run, self.turn.call_id(chunk.id)
        name = UNUSUAL.sub("_", run.filters.text(chunk.name))[:LONGEST_NAME]
        signature = parts.cleaned(chunk.signature, run.filters.text)
        signature = signature if _is_plain(signature) else None
        arguments = run.tool_call(call_id, name, self.id)
        self.calls[chunk.index] = _OpenCall(call_id, name, signature, arguments)
        if signature is not None:
            told = {"subtype": "tool-call", "entityId": call_id, "encryptedValue": signature}
            run.emit(TOOL_SIGNED, told)

    def _close_call(self, call: _OpenCall) -> ToolCall:
        whole = ToolCall(call.id, call.name, call.arguments.finish(), call.signature)
        call.arguments.end()
        self.turn.remember(whole)
        return whole

    async def _close_message(self, calls: Sequence[ToolCall]) -> str:
        run = self.turn.run
        listed = [written(call) for call in calls] or None
        if self.message is None:
            record = MessageRecord(
                id=self.id,
                role="assistant",
                content="",
                tool_calls=listed,
                untrusted=self.turn.untrusted,
            )
            told = {"message_id": self.id, "tool_call_ids": [call.id for call in calls]}
            run.emit(TOOLS_REQUESTED, {"name": TOOLS_REQUESTED, "value": told}, record=record)
            return ""
        text = spoken = self.message.finish()
        if self.turn.errand is not None and not calls:
            run.result = text
        if self.turn.agent.output_schema is not None and not calls:
            try:
                run.result = output.read(self.turn.agent.output_schema, text)
            except OutputInvalid as error:
                return self._reject(text, error.faults)
            spoken = "\n".join(output.strings(run.result))  # a list of numbers cites nothing
        cited = await self._cite(spoken)
        self.message.end(
            MessageRecord(
                id=self.id,
                role="assistant",
                content=text,
                citations=cited,
                tool_calls=listed,
                untrusted=self.turn.untrusted,
            )
        )
        return text

    async def _cite(self, text: str) -> list[dict[str, Any]] | None:
        """Tell which passages the answer rests on, and which it only says that it does.

        Whether it does is found out in a thread: of a long answer that takes a tenth of a second.
        """
        sources, run = self.turn.sources, self.turn.run
        if not sources.searched or "[" not in text:
            return None
        found = await asyncio.to_thread(citations.checked, text, sources.passages)
        if found.citations is not None:
            run.announce(citations.CITATIONS, {"message_id": self.id, "citations": found.citations})
        if found.dropped:
            run.announce(citations.DROPPED, {"message_id": self.id, "dropped": found.dropped})
        return found.citations

    def _reject(self, text: str, faults: Sequence[str]) -> str:
        """Cut an answer that does not fit, so that nobody takes it for one."""
        self.faults = faults
        if self.message is not None:
            self.message.cut()
        told = {"message_id": self.id, "faults": list(faults)}
        self.turn.run.announce(output.REJECTED, told)
        return text


def _is_plain(signature: str | None) -> bool:
    return signature is not None and signature.isascii() and signature.isprintable()


def written(call: ToolCall) -> dict[str, Any]:
    """Return a call as messages keep it: AG-UI's tool call."""
    entry: dict[str, Any] = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments},
    }
    if call.signature is not None:
        entry["encryptedValue"] = call.signature
    return entry
