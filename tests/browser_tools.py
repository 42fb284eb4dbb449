"""An application that brings tools along and makes the calls of them itself, as AG-UI has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from folkmoot.kit.ids import new_id
from talking import Frame, Talker

Json = dict[str, Any]

TITLE: Final[Json] = {
    "name": "page_title",
    "description": "Returns the title of the page that the user looks at.",
    "parameters": {"type": "object", "properties": {"upper": {"type": "boolean"}}},
}
GO: Final[Json] = {"name": "go_to", "description": "Opens a page.", "parameters": None}


@dataclass
class Application:
    """A client that keeps the conversation as the stream tells it, and sends the whole of it."""

    talker: Talker
    tools: Sequence[Json] = (TITLE, GO)
    workflow: str | None = "tools"
    agent: str = "chat"
    thread: str = field(default_factory=lambda: new_id().hex)
    messages: list[Json] = field(default_factory=list[Json])
    pending: list[str] = field(default_factory=list[str])

    def body(self, **changes: object) -> Json:
        """Return the next input."""
        return {
            "threadId": self.thread,
            "runId": new_id().hex,
            "messages": self.messages,
            "tools": [*self.tools],
            "context": [],
            "state": {},
            "forwardedProps": {"workflow": self.workflow} if self.workflow else {},
            **changes,
        }

    async def ask(self, text: str = "Where am I?", **changes: object) -> list[Frame]:
        """Ask something and read the whole stream."""
        self.messages.append({"id": new_id().hex, "role": "user", "content": text})
        return await self.run(**changes)

    async def run(self, **changes: object) -> list[Frame]:
        """Send what there is and read the whole stream."""
        stream = await self.talker.send(self.body(**changes), self.agent)
        self.read(stream)
        return stream

    async def post(self, **changes: object) -> httpx.Response:
        """Send what there is and return the answer as it is."""
        return await self.talker.post(self.body(**changes), self.agent)

    def returns(self, *contents: str, **more: object) -> list[Json]:
        """Keep results of the calls that are pending, in their order."""
        results = [
            result(call, text, **more) for call, text in zip(self.pending, contents, strict=True)
        ]
        self.messages += results
        return results

    def read(self, stream: Sequence[Frame]) -> None:
        """Keep what a stream tells, as the protocol's own client does."""
        said: dict[str, Json] = {}
        for frame in stream:
            event = frame.event
            match frame.type:
                case "TEXT_MESSAGE_START":
                    self._message(said, event["messageId"])
                case "TEXT_MESSAGE_CONTENT":
                    said[event["messageId"]]["content"] += event["delta"]
                case "TOOL_CALL_START":
                    function = {"name": event["toolCallName"], "arguments": ""}
                    call = {"id": event["toolCallId"], "type": "function", "function": function}
                    message = self._message(said, event["parentMessageId"])
                    message.setdefault("toolCalls", []).append(call)
                case "TOOL_CALL_RESULT":
                    self.messages.append(
                        result(event["toolCallId"], event["content"]) | {"id": event["messageId"]}
                    )
                case "RUN_FINISHED":
                    self.pending = event["outcome"].get("pendingToolCallIds", [])
                case _:
                    pass

    def _message(self, said: dict[str, Json], message_id: str) -> Json:
        if message_id not in said:
            said[message_id] = {"id": message_id, "role": "assistant", "content": ""}
            self.messages.append(said[message_id])
        return said[message_id]


def result(call_id: str, content: object, **more: object) -> Json:
    """Return what came of a call, as a message."""
    told: Mapping[str, object] = {"toolCallId": call_id, "content": content, **more}
    return {"id": new_id().hex, "role": "tool", **told}


def started(stream: Sequence[Frame]) -> list[str]:
    """Return the ids of the calls that a stream tells of."""
    return [frame.event["toolCallId"] for frame in stream if frame.type == "TOOL_CALL_START"]
