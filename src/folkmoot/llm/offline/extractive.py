"""A chat model without a model: it quotes the most relevant sentences of what retrieval found.

It calls no network, is deterministic and says what it is.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from typing import Final

from folkmoot.llm.billing import estimate
from folkmoot.llm.errors import ModelRejected
from folkmoot.llm.offline.passages import ENDINGS, Sentence, ranked, sentences
from folkmoot.llm.port import ChatMessage, ChatRequest, Chunk, Finished, TextDelta

QUOTED: Final = 4
"""Sentences in an answer."""
CLOSE: Final = 0.5
"""How near to the best score a sentence has to be to be quoted with it."""
TOKEN: Final = re.compile(r"\S+\s*|\s+")
SELF: Final = (
    "I am the offline extractive model: I quote sentences from retrieved documents and can not "
    "answer freely. "
)
NO_CONTEXT: Final = SELF + (
    "No documents were given to me for this question. Ask with a collection of documents, or "
    "choose a language model (provider:name)."
)
NO_MATCH: Final = SELF + "None of the passages that were found shares enough with this question."


class ExtractiveModel:
    name = "offline:extractive"

    async def stream(self, request: ChatRequest) -> AsyncGenerator[Sequence[Chunk], None]:
        """Answer word by word; see `port.ChatModel`.

        Raises:
            ModelRejected: a structured answer is asked for; quoting can not give one.
        """
        if request.response_schema is not None:
            raise ModelRejected(self.name, "quoting sentences can not fill a schema")
        words: list[str] = TOKEN.findall(answer(request.messages))
        told = words[: request.max_tokens]
        for word in told:
            yield [TextDelta(word)]
            await asyncio.sleep(0)  # others may run; a quote is no reason to hold the loop
        used = estimate.usage(request, sum(map(len, told)))
        yield [used, Finished("stop" if len(told) == len(words) else "length")]


def answer(messages: Sequence[ChatMessage]) -> str:
    """Return the quotes that fit the last question, with their citation marks."""
    question, context = _question(messages)
    found = sentences(context)
    if not found:
        return NO_CONTEXT
    scored = ranked(question, found)
    if not scored:
        return NO_MATCH
    least = scored[0][0] * CLOSE
    chosen = _unlike(sentence for score, sentence in scored if score >= least)
    return " ".join(_cited(sentence) for sentence in sorted(chosen, key=lambda each: each.place))


def _question(messages: Sequence[ChatMessage]) -> tuple[str, list[str]]:
    """Return the last user message, and where passages may be: prompts and results after it."""
    asked = next(
        (place for place in range(len(messages) - 1, -1, -1) if messages[place].role == "user"), -1
    )
    question = messages[asked].text if asked >= 0 else ""
    prompts = [message.text for message in messages if message.role == "system"]
    results = [message.text for message in messages[asked + 1 :] if message.role == "tool"]
    return question, prompts + results


def _unlike(candidates: Iterable[Sentence]) -> list[Sentence]:
    """Return the first few that differ: overlapping chunks repeat sentences."""
    chosen: dict[str, Sentence] = {}
    for sentence in candidates:
        chosen.setdefault(sentence.text.casefold(), sentence)
        if len(chosen) == QUOTED:
            break
    return list(chosen.values())


def _cited(sentence: Sentence) -> str:
    """Put the mark before the end of the sentence."""
    text, mark = sentence.text, f"[{sentence.passage}]"
    if text[-1] in ENDINGS:
        return f"{text[:-1]} {mark}{text[-1]}"
    return f"{text} {mark}."
