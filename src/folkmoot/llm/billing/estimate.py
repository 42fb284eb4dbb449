"""Guessing how many tokens a text has, for providers that do not say.

Four characters a token is what OpenAI gives as a rule of thumb for English; an image counts as one
of medium detail, a file by its bytes. Accounting marks such figures as estimated.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from folkmoot.llm.port import ChatMessage, ChatRequest, FilePart, ImagePart, TextPart, Usage

CHARACTERS: Final = 4
IMAGE: Final = 765  # tokens
FILE_BYTES: Final = 64
"""Bytes of a file to a token: a page of 100 KB is read as its text and its picture."""
LONGEST: Final = 8_192
"""Tokens of an answer whose length nobody bounds, as far as money is put aside for it."""


def tokens(characters: int) -> int:
    """Return the estimate for a text of so many characters."""
    return -(-characters // CHARACTERS)


def usage(request: ChatRequest, output_characters: int) -> Usage:
    """Estimate a whole call, or one that was left early."""
    told = sum(_characters(message) for message in request.messages)
    shown = sum(attached(message) for message in request.messages)
    tools = len(msgspec.json.encode(request.tools)) if request.tools else 0
    return Usage(
        input_tokens=tokens(told + tools) + shown,
        output_tokens=tokens(output_characters),
        estimated=True,
    )


def most(request: ChatRequest) -> Usage:
    """Return what a call may use at the most: no tokenizer makes more tokens than bytes.

    Nearly none makes half as many of a text of some length.
    """
    guess = usage(request, 0)
    dense = sum(len(message.text.encode()) for message in request.messages) // 2
    largest = max(guess.input_tokens, dense)
    return msgspec.structs.replace(
        guess,
        input_tokens=largest,
        written_tokens=largest,  # some charge more for what they keep
        output_tokens=request.max_tokens or LONGEST,
    )


def texts(given: Sequence[str]) -> Usage:
    """Estimate what embedding texts uses."""
    return Usage(
        input_tokens=sum(tokens(len(text)) for text in given), output_tokens=0, estimated=True
    )


def pairs(query: str, given: Sequence[str]) -> Usage:
    """Estimate what judging texts by a question uses: it is read with each of them."""
    return texts([query + text for text in given])


def cut(request: ChatRequest, output_characters: int, told: Usage | None) -> Usage:
    """Return what an answer cost that broke off: what the provider told so far, or our guess.

    Some tell the input at once, but the output with the end only: what was seen counts at least.
    """
    guess = usage(request, output_characters)
    if told is None or told.output_tokens >= guess.output_tokens:
        return told or guess
    return msgspec.structs.replace(told, output_tokens=guess.output_tokens, estimated=True)


def _characters(message: ChatMessage) -> int:
    calls = sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return len(message.text) + calls


def attached(message: ChatMessage) -> int:
    """Return about how many tokens the pictures and files of a message are."""
    if isinstance(message.content, str):
        return 0
    return sum(size(part) for part in message.content if not isinstance(part, TextPart))


def size(part: ImagePart | FilePart) -> int:
    """Return about how many tokens a picture or a file is."""
    return IMAGE if isinstance(part, ImagePart) else file(len(part.data))


def file(length: int) -> int:
    """Return about how many tokens a file of so many bytes is."""
    return -(-length // FILE_BYTES)
