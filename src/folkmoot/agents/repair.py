"""Histories in which a tool call and its result have lost each other.

Providers refuse a call without a result and a result without a call. A call loses its result when
its run was cancelled or failed, a result its call when the history was cut between the two.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from folkmoot.llm.port import ChatMessage

NO_RESULT: Final = "Error: this call was interrupted and has no result."


def repaired(messages: Sequence[ChatMessage]) -> Sequence[ChatMessage]:
    """Return the messages with one result after each call and no other results."""
    if not any(message.tool_calls or message.role == "tool" for message in messages):
        return messages
    return list(_repaired(messages))


def _repaired(messages: Iterable[ChatMessage]) -> Iterator[ChatMessage]:
    waiting: dict[str, None] = {}
    for message in messages:
        if message.role == "tool":
            if message.tool_call_id in waiting:
                del waiting[message.tool_call_id]
                yield message
            continue
        yield from _missing(waiting)
        waiting = dict.fromkeys(call.id for call in message.tool_calls)
        yield message
    yield from _missing(waiting)


def _missing(call_ids: Iterable[str]) -> Iterator[ChatMessage]:
    for call_id in call_ids:
        yield ChatMessage("tool", NO_RESULT, tool_call_id=call_id)
