"""What a run had said before it was taken over, rebuilt from its log.

Only whole answers count. One that was cut off, by a crash or by the model's failure, is not handed
on, and the model is asked again; a tool call whose answer was whole is still to be made, unless
its result is there.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from folkmoot.agents.answer import TOOL_SIGNED, TOOLS_REQUESTED
from folkmoot.agents.steering import STEERED
from folkmoot.agents.turn import UNTRUSTED
from folkmoot.llm.port import ChatMessage, ToolCall
from folkmoot.runs.events import Event, Recorded
from folkmoot.tools import sources
from folkmoot.tools.sources import SOURCES, Passage
from folkmoot.tools.state import LARGEST, patched

HANDED_OVER: Final = "tools.handed_over"
"""Event: the calls that the client is to make, and whether the model that has asked for them had
read what anybody may have written."""

CLIENT_RETURNED: Final = "tool.client_returned"
"""Event: what came of a call that the client has made. It has the message that says so already."""

TOLD: Final = frozenset(
    {TOOLS_REQUESTED, STEERED, HANDED_OVER, CLIENT_RETURNED, SOURCES, UNTRUSTED}
)
"""Events that are not the protocol's and tell something of the turn."""


@dataclass(slots=True)
class _Call:
    id: str
    name: str
    parent: str
    suspect: bool
    pieces: list[str] = field(default_factory=list[str])
    signature: str | None = None
    result: str | None = None

    def whole(self) -> ToolCall:
        return ToolCall(self.id, self.name, "".join(self.pieces), self.signature)


@dataclass(slots=True)
class Past:
    """The answers and tool calls of a run so far.

    Attributes:
        whole: Ids of the answers that came to their end, in order.
        passages: What the model was shown.
        searched: Whether it was searched before the first answer.
        untrusted: Whether the model has read what anybody may have written.
        heard: What the user has said meanwhile, by ids that are among `whole`.
        state: What it shares with its client; `stated` says whether the log tells of any.
        handed: The calls that are its client's to make.
    """

    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    calls: dict[str, _Call] = field(default_factory=dict[str, _Call])
    whole: dict[str, None] = field(default_factory=dict[str, None])
    passages: list[Passage] = field(default_factory=list[Passage])
    searched: bool = False
    untrusted: bool = False
    heard: dict[str, str] = field(default_factory=dict[str, str])
    state: Any = None
    stated: bool = False
    handed: set[str] = field(default_factory=set[str])
    _cut: set[str] = field(default_factory=set[str])

    @property
    def call_ids(self) -> Iterable[str]:
        """Every id that a tool call has had, also in answers that were cut off."""
        return self.calls

    @property
    def answered(self) -> bool:
        """Whether the last whole answer asked for no tool, so that nothing is left to do."""
        last = next(reversed(self.whole), None)
        return last is not None and last not in self.heard and not self.calls_of(last)

    @property
    def last_text(self) -> str:
        """The text of the last whole answer."""
        return "".join(self.texts.get(next(reversed(self.whole), ""), ()))

    def calls_of(self, message_id: str) -> Sequence[_Call]:
        """Return the tool calls of an answer."""
        return [call for call in self.calls.values() if call.parent == message_id]

    def messages(self) -> Iterator[ChatMessage]:
        """Return what was said, each call followed by its result if it has one."""
        for message_id in self.whole:
            if message_id in self.heard:
                yield ChatMessage("user", self.heard[message_id])
                continue
            calls = self.calls_of(message_id)
            text = "".join(self.texts.get(message_id, ()))
            asked = tuple(call.whole() for call in calls)
            yield ChatMessage("assistant", text, tool_calls=asked)
            for call in calls:
                if call.result is not None:
                    yield ChatMessage("tool", call.result, tool_call_id=call.id)

    def asked(self) -> Sequence[ToolCall]:
        """Return every call of a whole answer."""
        return [call.whole() for call in self.calls.values() if call.parent in self.whole]

    def suspect(self) -> Iterable[str]:
        """Return the calls that were asked for after the model had read what is not trusted."""
        return (call.id for call in self.calls.values() if call.suspect)

    def pending(self) -> Sequence[ToolCall]:
        """Return the calls of whole answers that have no result yet."""
        return [call for call in self.asked() if self.calls[call.id].result is None]

    def read(self, event: Recorded) -> None:
        """Take the next event of the log."""
        if event.payload is None:
            return
        match event.type:
            case Event.MESSAGE_DELTA:
                body = orjson.loads(event.payload)
                self.texts.setdefault(body["messageId"], []).append(body["delta"])
            case Event.MESSAGE_CUT:
                self._cut.add(_value(event.payload)["message_id"])
            case Event.MESSAGE_FINISHED:
                message_id = orjson.loads(event.payload)["messageId"]
                if message_id not in self._cut:
                    self.whole[message_id] = None
            case Event.STATE_REPLACED:
                self.state, self.stated = orjson.loads(event.payload)["snapshot"], True
            case Event.STATE_PATCHED:
                self.state = patched(self.state, orjson.loads(event.payload)["delta"], LARGEST)
            case _:
                self._read_work(event.type, event.payload)

    def _read_work(self, type_: str, payload: bytes) -> None:
        match type_:
            case Event.TOOL_STARTED:
                body = orjson.loads(payload)
                call_id = body["toolCallId"]
                self.calls[call_id] = _Call(
                    call_id, body["toolCallName"], body.get("parentMessageId", ""), self.untrusted
                )
            case Event.TOOL_DELTA:
                body = orjson.loads(payload)
                self.calls[body["toolCallId"]].pieces.append(body["delta"])
            case Event.TOOL_RETURNED:
                body = orjson.loads(payload)
                self.calls[body["toolCallId"]].result = body["content"]
            case _ if type_ == TOOL_SIGNED:
                body = orjson.loads(payload)
                self.calls[body["entityId"]].signature = body["encryptedValue"]
            case _ if type_ in TOLD:
                self._read_told(type_, _value(payload))
            case _:
                pass

    def _read_told(self, type_: str, told: dict[str, Any]) -> None:
        match type_:
            case _ if type_ == TOOLS_REQUESTED:
                self.whole[told["message_id"]] = None
            case _ if type_ == STEERED:
                self.heard[told["message_id"]] = told["content"]
                self.whole[told["message_id"]] = None
            case _ if type_ == HANDED_OVER:
                self.handed.update(each["tool_call_id"] for each in told["calls"])
            case _ if type_ == CLIENT_RETURNED:
                self.calls[told["tool_call_id"]].result = told["content"]
                self.untrusted = True
            case _ if type_ == SOURCES:
                self.searched = self.searched or not self.calls
                self.passages += sources.read(told["sources"])
                self.untrusted = True
            case _:
                self.untrusted = True


def replay(events: Iterable[Recorded]) -> Past:
    """Rebuild what a log tells."""
    past = Past()
    for event in events:
        past.read(event)
    return past


def _value(payload: bytes) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(payload)["value"]
    return value
