"""What was said before, as far as an agent has room for it."""

from collections.abc import Sequence
from itertools import dropwhile
from typing import Final

from folkmoot.llm.billing import estimate
from folkmoot.llm.port import ChatMessage

LAST: Final = 6
"""Messages on which a question may rest."""
LONGEST: Final = 500
"""Characters of each that tell what it is about."""


def recent(history: Sequence[ChatMessage], room: int | None) -> Sequence[ChatMessage]:
    """Return the end of a history, which takes half of so many tokens at the most.

    The other half is for what the turn itself says. It begins with a question, as providers want.
    """
    if room is None:
        return history
    left, kept = room // 2, len(history)
    for message in reversed(history):
        left -= size(message)
        if left < 0:
            break
        kept -= 1
    return list(dropwhile(lambda message: message.role != "user", history[kept:]))


def size(message: ChatMessage) -> int:
    """Return about how many tokens a message takes."""
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return estimate.tokens(len(message.text) + calls) + estimate.attached(message)


def said_before(history: Sequence[ChatMessage]) -> list[str]:
    """Return the last things that people and the agent have said, cut, as lines."""
    told = [each for each in history[-LAST:] if each.role in {"user", "assistant"} and each.text]
    return [f"{each.role}: {' '.join(each.text[:LONGEST].split())}" for each in told]
