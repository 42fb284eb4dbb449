"""What an answer is an answer to: all that was asked, and what those who ask may read.

Two requests have the same key only if a model would be told the same of both, letter by letter, by
people with the same rights in the same organisation.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
from msgspec.structs import replace

from folkmoot.kit.subject import Subject
from folkmoot.llm.port import ChatMessage, ChatRequest

FORM: Final = 1
"""Is another one when keys are made otherwise."""

_encode: Final = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True)
class Asker:
    """Which version of which agent asks, for whom, and which model."""

    subject: Subject
    agent: str
    version: int
    model: str


@dataclass(frozen=True, slots=True)
class Key:
    """What was asked; `context` is all of it but the question itself."""

    whole: bytes
    context: bytes
    question: str | None


def key(asker: Asker, request: ChatRequest, *, similar: bool, fence: str = "") -> Key:
    """Return the key of a request.

    Args:
        asker: Who asks.
        request: What is asked.
        similar: Whether its question is compared with others, as far as it is plain text.
        fence: A random word in it that says nothing.
    """
    told = [FORM, *_whose(asker), asker.agent, asker.version, asker.model]
    last = request.messages[-1]
    whole = _digest([*told, request], fence)
    if not (similar and isinstance(last.content, str) and last.content.strip()):
        return Key(whole, whole, None)
    others = [*request.messages[:-1], ChatMessage(last.role)]
    return Key(whole, _digest([*told, replace(request, messages=others)], fence), last.content)


def _whose(asker: Asker) -> list[object]:
    """Return what tells those apart who may not read the same."""
    subject = asker.subject
    teams = {str(team): sorted(may) for team, may in subject.team_permissions.items()}
    return [
        str(subject.org_id),
        None if subject.team_id is None else str(subject.team_id),
        sorted(map(str, subject.team_ids)),
        sorted(subject.permissions),
        teams,
    ]


def _digest(told: list[object], fence: str) -> bytes:
    text = _encode(told)
    return sha256(text.replace(fence.encode(), b"") if fence else text).digest()
