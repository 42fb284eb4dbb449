"""Conversations out of files: our own JSON, with ids made anew."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Insert, insert, text

from folkmoot.conversations.attaching.carrying import Unpacking, refer
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.errors import ImportInconsistent
from folkmoot.conversations.models import Branch, Conversation
from folkmoot.conversations.paths import FIRST, Path
from folkmoot.conversations.schemas import ConversationImport, ImportedMessage
from folkmoot.kit.ids import new_id
from folkmoot.kit.redact import redact_secrets
from folkmoot.kit.subject import Subject
from folkmoot.runs.cleaning import cleaned, encoded

# Numbers are given in the order of the rows. Anybody may have written a file, questions and all.
STORE: Final = text("""
INSERT INTO messages (org_id, conversation_id, branch, id, user_id, role, content, tool_calls,
                      tool_call_id, cut, attachments, untrusted, created_at)
SELECT :org_id, :conversation_id, e.b, e.i, :user_id, e.l, e.t, e.k, e.d, e.x, e.m,
       true, e.a
FROM ROWS FROM (
  json_to_recordset(CAST(:rows AS json))
    AS (b integer, i text, l text, t text, k jsonb, d text, x boolean, m jsonb, a timestamptz)
) WITH ORDINALITY AS e (b, i, l, t, k, d, x, m, a, n)
ORDER BY e.n
RETURNING id, seq
""")


@dataclass(frozen=True, slots=True)
class Beginning:
    """A branch, and after which message it begins; None is the very beginning."""

    number: int
    parent: int
    after: str | None
    path: Sequence[int]
    ends: Sequence[str | None]


@dataclass(slots=True)
class Tree:
    """The branches of what is imported, as it is read from its beginning to its end.

    A message goes on the branch of the one it follows if that is the last there, and begins another
    one otherwise.
    """

    branch_of: dict[str, int] = field(default_factory=dict[str, int])
    tips: dict[int, str] = field(default_factory=dict[int, str])
    begun: dict[int, Beginning] = field(default_factory=dict[int, Beginning])

    def add(self, message_id: str, parent_id: str | None) -> int:
        """Take the next message; return the number of its branch."""
        if parent_id is None:
            branch = self._begin(FIRST, None) if self.tips else FIRST
        else:
            branch = self.branch_of[parent_id]
            if self.tips[branch] != parent_id:
                branch = self._begin(branch, parent_id)
        self.branch_of[message_id] = branch
        self.tips[branch] = message_id
        return branch

    def _begin(self, parent: int, after: str | None) -> int:
        before = self.begun.get(parent)
        path, ends = (before.path, before.ends) if before else (Path().branches, ())
        number = len(self.begun) + 1
        self.begun[number] = Beginning(number, parent, after, [*path, number], [*ends, after])
        return number


async def load(
    attachments: Attachments, subject: Subject, data: ConversationImport
) -> Conversation:
    """Make a conversation of what was exported.

    Raises:
        ImportInconsistent: Its messages do not make one.
        AttachmentUnusable: Something that they bring along can not be had.
    """
    tree, rows = _laid_out(data.messages)
    attached = await Unpacking(attachments, subject).settled(data.messages)
    for row, told in zip(rows, attached, strict=True):
        row["m"] = told or None
    # Thousands of patterns over megabytes: others must not wait for it.
    stored = await asyncio.to_thread(_clean, rows)
    title = await asyncio.to_thread(redact_secrets, data.title)
    made = _begun(subject, data, tree).values(title=title).returning(Conversation)
    async with attachments.database.work(subject) as work:
        conversation = (await work.session.scalars(made)).one()
        asked = {
            "org_id": subject.org_id,
            "conversation_id": conversation.id,
            "user_id": subject.user_id,
            "rows": stored,
        }
        stored_as = (await work.session.execute(STORE, asked)).all()
        seqs = {row.id: row.seq for row in stored_as}
        places = {each.id: seqs[row["i"]] for each, row in zip(data.messages, rows, strict=True)}
        begun = [_row(conversation, branch, places) for branch in tree.begun.values()]
        if begun:
            await work.session.execute(insert(Branch), begun)
        named = [(row["i"], told) for row, told in zip(rows, attached, strict=True)]
        await refer(work, conversation, named)
    return conversation


def _begun(subject: Subject, data: ConversationImport, tree: Tree) -> Insert:
    return insert(Conversation).values(
        org_id=subject.org_id,
        id=new_id(),
        user_id=subject.user_id,
        client_id=str(new_id()),
        tags=sorted(set(data.tags)),
        branch=tree.branch_of.get(data.shown, FIRST) if data.shown else FIRST,
        branches=len(tree.begun),
    )


def _laid_out(messages: Sequence[ImportedMessage]) -> tuple[Tree, list[dict[str, Any]]]:
    """Find the branches; return them, and the rows of the messages with ids of their own."""
    tree, rows = Tree(), list[dict[str, Any]]()
    for place, message in enumerate(messages):
        pointer = f"/body/messages/{place}"
        if message.id in tree.branch_of:
            raise ImportInconsistent(f"{pointer}/id", "There is a message with this id already.")
        if message.parent_id is not None and message.parent_id not in tree.branch_of:
            raise ImportInconsistent(f"{pointer}/parent_id", "No message before it has this id.")
        if (message.role == "tool") != (message.tool_call_id is not None):
            raise ImportInconsistent(
                f"{pointer}/tool_call_id", "It belongs to the result of a tool alone."
            )
        calls = [call.model_dump(exclude_none=True) for call in message.tool_calls]
        rows.append(
            {
                "b": tree.add(message.id, message.parent_id),
                "i": str(new_id()),
                "l": message.role,
                "t": message.content,
                "k": calls or None,
                "d": message.tool_call_id,
                "x": message.cut,
                "a": message.created_at.isoformat(),
            }
        )
    return tree, rows


def _clean(rows: Sequence[dict[str, Any]]) -> str:
    return cleaned(encoded(rows), redact_secrets).decode()


def _row(
    conversation: Conversation, branch: Beginning, places: Mapping[str, int]
) -> dict[str, object]:
    return {
        "org_id": conversation.org_id,
        "conversation_id": conversation.id,
        "branch": branch.number,
        "user_id": conversation.user_id,
        "parent": branch.parent,
        "fork": _place(branch.after, places),
        "path": [*branch.path],
        "ends": [_place(end, places) for end in branch.ends],
    }


def _place(message_id: str | None, places: Mapping[str, int]) -> int:
    return FIRST if message_id is None else places[message_id]
