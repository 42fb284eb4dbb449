"""The tail of a conversation, as a model is shown it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from typing import Any, Final, LiteralString, TypeAlias, cast
from uuid import UUID

from msgspec.structs import replace

from folkmoot.agents import order
from folkmoot.agents.ports import ATTACHED, Opening
from folkmoot.conversations import statements
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.db.work import Database
from folkmoot.llm.port import ChatMessage, ImagePart, Role, TextPart, ToolCall
from folkmoot.runs.live import LiveRun

MOST_MESSAGES: Final = 40
MOST_CHARACTERS: Final = 60_000
"""How much of a conversation goes into a turn, so that its cost does not grow with its age."""

LEFT_OUT: Final = "\n\n[The rest was left out here.]"
CUT_OFF: Final = "\n\n[This answer was cut off here.]"

Listed: TypeAlias = list[dict[str, Any]] | None
Row: TypeAlias = tuple[UUID | None, Role | None, str, Listed, str | None, bool, Listed, bool]
"""Run, role, content, tool calls, tool call id, cut, attachments, untrusted; NULL without any."""


@dataclass(frozen=True, slots=True)
class StoredHistory:
    """Reads the opening of a turn again for a run that is taken over.

    Args:
        searchable: A query for one boolean: whether the subject has documents to search.
    """

    database: Database
    searchable: LiteralString = statements.NOTHING_SEARCHABLE

    async def load(self, run: LiveRun) -> Opening:
        """Return what the run started from; what it has said itself comes after its question.

        Raises:
            ConversationNotFound: it was deleted meanwhile.
        """
        wanted = order.read(run.input)
        asked = {
            "org_id": run.org_id,
            "user_id": run.subject.user_id,
            "thread_id": wanted.conversation_id,
            "message_id": wanted.message_id,
            "run_id": run.id,
            "limit": MOST_MESSAGES,
        }
        async with self.database.pipelined(run.subject) as connection:
            cursor = await connection.execute(statements.reading(self.searchable), asked)
        return opening(await cursor.fetchall())


def opening(rows: Sequence[tuple[Any, ...]]) -> Opening:
    """Return what a turn starts from, as `statements.reading` found it.

    Raises:
        ConversationNotFound: the question is not there any more.
    """
    if not rows:
        raise ConversationNotFound
    searchable, question, again, state, attached = rows[0][:5]
    told = _told([cast(Row, row[5:]) for row in rows])
    untrusted = bool(attached) or any(row[-1] for row in rows)
    earlier = reversed(list(_within(told, MOST_CHARACTERS)))
    # Providers want the user to begin: a question that was left out takes its answer along.
    history = list(dropwhile(lambda message: message.role != "user", earlier))
    return Opening(
        history=history,
        question=question,
        searchable=searchable,
        untrusted=untrusted,
        again=bool(again),
        state=state,
        attached=_references(attached),
    )


def _told(rows: Sequence[Row]) -> Iterator[ChatMessage]:
    """Yield the messages, without answers that were cut off and given again in the same run."""
    later: UUID | None = None
    for run_id, role, content, tool_calls, tool_call_id, cut, attached, _untrusted in rows:
        if role is None:
            return
        if not cut:
            calls = tuple(_call(entry) for entry in tool_calls or ())
            whole = _whole(content, attached)
            yield ChatMessage(role, whole, tool_calls=calls, tool_call_id=tool_call_id)
        elif content and (run_id is None or run_id != later):
            yield ChatMessage(role, content + CUT_OFF)
        later = run_id


def _within(messages: Iterator[ChatMessage], characters: int) -> Iterator[ChatMessage]:
    """Yield what there is room for; of the last one that may be the beginning."""
    for message in messages:
        characters -= sum(len(call.arguments) for call in message.tool_calls)
        if characters < 0:
            return
        if len(message.text) > characters:
            yield replace(message, content=message.text[:characters] + LEFT_OUT)
            return
        characters -= len(message.text)
        yield message


def _whole(content: str, attached: Listed) -> str | Sequence[TextPart | ImagePart]:
    return [TextPart(content), *_references(attached)] if attached else content


def _references(attached: Listed) -> Sequence[ImagePart]:
    return [
        ImagePart(media_type=each["media_type"], url=ATTACHED + each["id"])
        for each in attached or ()
    ]


def _call(entry: dict[str, Any]) -> ToolCall:
    function = entry["function"]
    return ToolCall(
        entry["id"], function["name"], function["arguments"], entry.get("encryptedValue")
    )
