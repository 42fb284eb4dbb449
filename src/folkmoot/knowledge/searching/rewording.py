"""Other wordings of a query, by a model: as it stands by itself, and in words that documents use.

What each of them finds is added up, so that a wording which leads nowhere takes nothing away.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from folkmoot.kit.errors import AppError
from folkmoot.kit.redact import redact_secrets
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.searching.fusion import Fused
from folkmoot.knowledge.searching.reranking import THOUGHT, Questions
from folkmoot.llm.port import ChatMessage

LONGEST: Final = 500
"""Characters of a wording."""
MOST_TOKENS: Final = 600
BULLET: Final = re.compile(r"^\s*(?:[-*\u2022]|\d{1,2}[.)])\s+")

TASK: Final = """\
Write {count} different search queries with which documents can be found that answer the last \
question of a conversation. Each has to stand by itself: put what it refers to into it. Use words \
that such documents would use, in the language of the question. Answer with the queries alone, one \
a line."""


class NotReworded(Exception):
    """The query is searched for as it is; the message says why."""


async def reworded(
    questions: Questions,
    subject: Subject,
    model: str,
    seconds: float,
    asked: Sequence[str],
    count: int,
) -> list[str]:
    """Return up to `count` other wordings of what was asked last; before it is what was said.

    Raises:
        NotReworded: the model did not answer, not in time or with nothing of use.
    """
    told = redact_secrets("\n".join(asked))
    messages = [ChatMessage("system", TASK.format(count=count)), ChatMessage("user", told)]
    try:
        async with asyncio.timeout(seconds):
            said = await questions.answer(subject, model, messages, most=MOST_TOKENS)
    except TimeoutError:
        raise NotReworded(f"{model} took longer than {seconds:g} s.") from None
    except AppError as error:
        raise NotReworded(error.detail) from error
    found = wordings(said, asked[-1], count)
    if not found:
        raise NotReworded(f"{model} gave no other wording.")
    return found


def wordings(said: str, query: str, count: int) -> list[str]:
    """Return the lines of an answer that are queries and not the one that was asked."""
    lines = (BULLET.sub("", line).strip() for line in THOUGHT.sub("", said).splitlines())
    told = dict.fromkeys(line[:LONGEST] for line in lines if any(map(str.isalnum, line)))
    return [each for each in told if each.casefold() != query.strip().casefold()][:count]


def together(found: Sequence[Sequence[Fused]]) -> list[Fused]:
    """Return what several wordings have found, best first; scores mean the same for each."""
    groups: dict[Place, list[Fused]] = defaultdict(list)
    for each in found:
        for fused in each:
            groups[fused.place].append(fused)
    count = len(found)
    joined = [
        Fused(
            place,
            sum(each.score for each in group) / count,
            sum(each.lexical for each in group) / count,
            sum(each.dense for each in group) / count,
        )
        for place, group in groups.items()
    ]
    return sorted(joined, key=lambda each: (-each.score, -each.lexical, -each.dense, each.place))
