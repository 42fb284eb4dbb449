"""Conversations as files: JSON with all that was said, or Markdown with what is shown."""

import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson
from sqlalchemy import ColumnElement, select, tuple_

from folkmoot.conversations import paths
from folkmoot.conversations.attaching.carrying import Packing
from folkmoot.conversations.attaching.keeping import Attachments, Reference
from folkmoot.conversations.models import Branch, Conversation, Message
from folkmoot.conversations.schemas import FORMAT, VERSION
from folkmoot.db.work import Database, Work
from folkmoot.kit.subject import Subject

PAGE: Final = 100
"""Messages read at once: a slow reader holds no transaction open."""

PUNCTUATION: Final = re.compile(r"([!-/:-@\[-`{-~])")
FENCES: Final = re.compile("`{3,}")
HEADINGS: Final = {"user": "Question", "assistant": "Answer", "tool": "Result of a tool"}


class ExportFormat(StrEnum):
    """How a conversation is written."""

    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Export:
    """A conversation on its way out, for the subject that it belongs to."""

    database: Database
    subject: Subject
    conversation: Conversation
    attachments: Attachments

    async def json(self) -> AsyncGenerator[bytes]:
        """Yield every message of every branch, each after the one it follows."""
        packing = Packing(self.attachments, self.subject)
        async with self.database.work(self.subject) as work:
            forks = await self._forks(work)
            shown = await self._last_shown(work)
        head = {
            "format": FORMAT,
            "version": VERSION,
            "title": self.conversation.title,
            "tags": self.conversation.tags,
            "shown": shown,
        }
        yield orjson.dumps(head)[:-1] + b',"messages":['
        before: Message | None = None
        async for page in self._pages():
            parts: list[bytes] = []
            attached = await packing.told(page)
            for message in page:
                new = before is None or before.branch != message.branch
                parent = forks.get(message.branch) if new or before is None else before.id
                parts.append(b"," if before is not None else b"")
                parts.append(orjson.dumps(_told(message, parent, attached.get(message.id, []))))
                before = message
            yield b"".join(parts)
        yield b"]}\n"

    async def markdown(self) -> AsyncGenerator[bytes]:
        """Yield what is shown. What was said stands in fences: nothing of it is followed or run."""
        yield _head(self.conversation)
        async with self.database.work(self.subject) as work:
            path = await paths.of(work, self.conversation)
        after = 0
        while True:
            statement = (
                select(Message)
                .where(*self._within(), path.condition(), Message.seq > after)
                .order_by(Message.seq)
                .limit(PAGE)
            )
            async with self.database.work(self.subject) as work:
                page = (await work.session.scalars(statement)).all()
            if not page:
                return
            yield "".join(_written(message) for message in page).encode()
            after = page[-1].seq

    async def _pages(self) -> AsyncGenerator[Sequence[Message]]:
        """Yield the messages, branch by branch in the order in which those began."""
        place = tuple_(Message.branch, Message.seq)
        after = (-1, 0)
        while True:
            statement = (
                select(Message)
                .where(*self._within(), place > after)
                .order_by(Message.branch, Message.seq)
                .limit(PAGE)
            )
            async with self.database.work(self.subject) as work:
                page = (await work.session.scalars(statement)).all()
            if not page:
                return
            yield page
            after = (page[-1].branch, page[-1].seq)

    async def _forks(self, work: Work) -> dict[int, str]:
        """Return the message after which each branch begins, if it is not the very beginning."""
        statement = (
            select(Branch.branch, Message.id)
            .join(
                Message,
                (Message.org_id == Branch.org_id)
                & (Message.conversation_id == Branch.conversation_id)
                & (Message.branch == Branch.parent)
                & (Message.seq == Branch.fork),
            )
            .where(
                Branch.org_id == self.conversation.org_id,
                Branch.conversation_id == self.conversation.id,
            )
        )
        rows = (await work.session.execute(statement)).all()
        return {row.branch: row.id for row in rows}

    async def _last_shown(self, work: Work) -> str | None:
        path = await paths.of(work, self.conversation)
        statement = (
            select(Message.id)
            .where(*self._within(), path.condition())
            .order_by(Message.seq.desc())
            .limit(1)
        )
        return await work.session.scalar(statement)

    def _within(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return (
            Message.org_id == self.conversation.org_id,
            Message.conversation_id == self.conversation.id,
        )


def _told(
    message: Message, parent_id: str | None, attached: Sequence[Reference]
) -> dict[str, object]:
    return {
        "id": message.id,
        "parent_id": parent_id,
        "role": message.role,
        "content": message.content,
        "created_at": message.created_at,
        "cut": message.cut,
        "tool_calls": message.tool_calls or [],
        "tool_call_id": message.tool_call_id,
        "citations": message.citations or [],
        "attachments": attached,
    }


def _head(conversation: Conversation) -> bytes:
    tags = f"\n{', '.join(map(escaped, conversation.tags))}\n" if conversation.tags else ""
    return f"# {escaped(conversation.title or 'Conversation')}\n{tags}".encode()


def _written(message: Message) -> str:
    parts = [f"\n## {HEADINGS.get(message.role, 'Message')}, {message.created_at:%Y-%m-%d %H:%M}\n"]
    if message.content:
        parts.append(f"\n{fenced(message.content)}\n")
    attached = [escaped(str(each["name"])) for each in message.attachments or ()]
    if attached:
        parts.append(f"\nAttached: {', '.join(attached)}\n")
    if message.cut:
        parts.append("\nThis was cut off.\n")
    names = [escaped(str(call["function"]["name"])) for call in message.tool_calls or ()]
    if names:
        parts.append(f"\nTools: {', '.join(names)}\n")
    titles = (str(each.get("title") or "A document") for each in message.citations or ())
    parts += [f"\n- {escaped(title)}\n" for title in titles]
    return "".join(parts)


def escaped(text: str) -> str:
    """Return a text of one line as Markdown that shows it as it is."""
    return PUNCTUATION.sub(r"\\\1", " ".join(text.split()))


def fenced(text: str) -> str:
    """Return a text in a fence that nothing in it can end."""
    longest = max((len(fence) for fence in FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    lines = "\n".join(text.splitlines())
    return f"{fence}text\n{lines}\n{fence}"
