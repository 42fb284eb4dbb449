"""What the fake provider can be told to answer, good or bad."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import msgspec
from pydantic import JsonValue

WORDS: Final = re.compile(r"\S+\s*|\s+")


class Fault(StrEnum):
    """What goes wrong, after as many tokens as the reply says."""

    HANG = "hang"  # nothing more comes, and the connection stays
    CUT = "cut"  # the connection is torn
    END = "end"  # the answer ends as if that had been all
    BAD_JSON = "badjson"  # an event that is no JSON
    ERROR = "error"  # the provider's own error event
    HUGE = "huge"  # a line without an end


@dataclass(frozen=True, slots=True)
class Use:
    """A tool call to ask for. `arguments` is JSON text, sent in pieces of eight characters."""

    name: str
    arguments: str = "{}"
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the provider claims the call to have cost."""

    input: int
    output: int
    cached: int = 0
    written: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted answer.

    Attributes:
        text: The tokens; `says` cuts a sentence into words.
        reasoning: Tokens of reasoning, sent first.
        uses: Tool calls, sent last.
        tokens: What to claim; None for an honest count.
        counts: Whether the provider tells about tokens at all.
        finish: OpenAI's finish reason; None for the one that fits.
        first_delay: Seconds before the first token.
        delay: Seconds between tokens.
        fault: What goes wrong, and after how many tokens of text.
        status: Other than 200: the answer is a refusal with `message` and `retry_after`.
        raw: Bytes to send instead of all that, as `content_type`.
    """

    text: Sequence[str] = ()
    reasoning: Sequence[str] = ()
    uses: Sequence[Use] = ()
    tokens: Tokens | None = None
    counts: bool = True
    finish: str | None = None
    first_delay: float = 0.0
    delay: float = 0.0
    fault: Fault | None = None
    after: int = 0
    status: int = HTTPStatus.OK
    message: str = "The fake provider was told to fail."
    retry_after: str | None = None
    raw: bytes | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A chat request, whatever format it came in.

    Attributes:
        model: The name asked for.
        asked: The text of the last user message.
        results: How many results of tools came after it.
        tools: The schemas of the tools that are offered, by name.
        stream: Whether the answer is to be streamed.
        counts: Whether the client wants to be told about tokens.
        characters: The length of all messages.
    """

    model: str
    asked: str = ""
    results: int = 0
    tools: Mapping[str, Mapping[str, JsonValue]] = field(
        default_factory=dict[str, dict[str, JsonValue]]
    )
    stream: bool = True
    counts: bool = True
    characters: int = 0


Scripted = Reply | Callable[[Heard], Reply]


def says(text: str, *, delay: float = 0.0, tokens: Tokens | None = None) -> Reply:
    """Answer with a text, one word a token."""
    return Reply(text=words(text), delay=delay, tokens=tokens)


def uses(name: str, arguments: Mapping[str, JsonValue] | None = None, *, text: str = "") -> Reply:
    """Call one tool."""
    encoded = msgspec.json.encode(arguments or {}).decode()
    return Reply(text=words(text), uses=[Use(name, encoded)])


def refuses(
    status: int, *, retry_after: str | None = None, message: str = "The fake provider refuses."
) -> Reply:
    """Answer with an error status in the format's own shape."""
    return Reply(status=status, retry_after=retry_after, message=message)


def fails(fault: Fault, *, text: str = "", after: int | None = None) -> Reply:
    """Go wrong after some tokens of the text; by default after all of them."""
    tokens = words(text)
    return Reply(text=tokens, fault=fault, after=len(tokens) if after is None else after)


def hangs() -> Reply:
    """Take the request and never answer."""
    return Reply(fault=Fault.HANG)


def page(status: int = HTTPStatus.OK) -> Reply:
    """Answer with a web page, as proxies do."""
    html = b"<!doctype html><title>Bad gateway</title><h1>It works, but not for you.</h1>"
    return Reply(status=status, raw=html, content_type="text/html; charset=utf-8")


def plays(recording: bytes, content_type: str) -> Reply:
    """Send bytes that were recorded elsewhere."""
    return Reply(raw=recording, content_type=content_type)


def words(text: str) -> list[str]:
    """Cut a text into words that keep the white space behind them."""
    return WORDS.findall(text)
