"""The path of a conversation: one line of messages through its branches.

A path is a few stretches, each a range of the messages of one branch; their numbers grow along it.
So a page of it is read like that of a conversation without branches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from sqlalchemy import ColumnElement, and_, or_, select, text

from folkmoot.conversations.models import Branch, Conversation, Message
from folkmoot.db.work import Work

FIRST: Final = 0
"""The number of the branch with which a conversation begins; also that before all messages."""

# What follows a message: the first message of each branch that begins there, and what comes next in
# its own. They are few, wherever in a conversation of any length.
FOLLOWING: Final = text("""
WITH forks AS (
  SELECT b.branch, b.parent, b.fork FROM conversation_branches AS b
  WHERE b.org_id = :org_id AND b.conversation_id = :id AND b.fork = ANY (:after)
), ways AS (
  SELECT fork, branch, fork AS after FROM forks
  UNION
  SELECT fork, parent, fork FROM forks
)
SELECT w.fork, m.id FROM ways AS w CROSS JOIN LATERAL (
  SELECT a.id, a.seq FROM messages AS a
  WHERE a.org_id = :org_id AND a.conversation_id = :id AND a.branch = w.branch AND a.seq > w.after
  ORDER BY a.seq LIMIT 1
) AS m
ORDER BY w.fork, m.seq
""")


@dataclass(frozen=True, slots=True)
class Path:
    """The branches that lead to the end of one, and up to which message each is followed."""

    branches: Sequence[int] = (FIRST,)
    ends: Sequence[int] = ()

    def holds(self, message: Message) -> bool:
        """Tell whether a message is on it."""
        if message.branch not in self.branches:
            return False
        place = self.branches.index(message.branch)
        return place >= len(self.ends) or message.seq <= self.ends[place]

    def condition(self) -> ColumnElement[bool]:
        """Return what a message of the conversation must meet to be on it."""
        *through, last = self.branches
        stretches = [
            and_(Message.branch == branch, Message.seq <= end)
            for branch, end in zip(through, self.ends, strict=True)
        ]
        return or_(Message.branch == last, *stretches)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message stands: after which, beside which, and what follows where ways part."""

    parent_id: str | None = None
    siblings: Sequence[str] = ()
    children: Sequence[str] = ()


@dataclass(slots=True)
class _Row:
    message: Message
    parent_id: str | None
    parent_seq: int = field(default=FIRST)


async def of(work: Work, conversation: Conversation) -> Path:
    """Return the path that a conversation shows."""
    if conversation.branch == FIRST:
        return Path()
    statement = select(Branch).where(*_within(conversation), Branch.branch == conversation.branch)
    branch = (await work.session.scalars(statement)).one()
    return Path(branch.path, branch.ends)


async def everything(work: Work, conversation: Conversation) -> Mapping[int, Path]:
    """Return the path to the end of each branch of a conversation."""
    rows = await work.session.scalars(select(Branch).where(*_within(conversation)))
    return {FIRST: Path()} | {row.branch: Path(row.path, row.ends) for row in rows}


async def places(
    work: Work, conversation: Conversation, path: Path, messages: Iterable[Message]
) -> Mapping[str, Place]:
    """Return where messages stand that follow one another on a path, by their ids."""
    ordered = sorted(messages, key=lambda message: message.seq)
    if not ordered:
        return {}
    rows = [_Row(ordered[0], *await _before(work, conversation, path, ordered[0]))]
    for before, message in pairwise(ordered):
        rows.append(_Row(message, before.id, before.seq))
    following = await _following(work, conversation, rows)
    return {
        row.message.id: Place(row.parent_id, following[row.parent_seq], following[row.message.seq])
        for row in rows
    }


async def _before(
    work: Work, conversation: Conversation, path: Path, message: Message
) -> tuple[str | None, int]:
    """Return the id and the number of what stands before a message on a path."""
    statement = (
        select(Message.id, Message.seq)
        .where(
            Message.org_id == conversation.org_id,
            Message.conversation_id == conversation.id,
            path.condition(),
            Message.seq < message.seq,
        )
        .order_by(Message.seq.desc())
        .limit(1)
    )
    found = (await work.session.execute(statement)).first()
    return (None, FIRST) if found is None else (found.id, found.seq)


async def _following(
    work: Work, conversation: Conversation, rows: Sequence[_Row]
) -> Mapping[int, Sequence[str]]:
    """Return what follows these messages and those before them, where it is more than one."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    if conversation.branches == FIRST:
        return found
    after = [rows[0].parent_seq, *(row.message.seq for row in rows)]
    asked = {"org_id": conversation.org_id, "id": conversation.id, "after": after}
    for fork, message_id in await work.session.execute(FOLLOWING, asked):
        found[fork].append(message_id)
    return found


def _within(conversation: Conversation) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (
        Branch.org_id == conversation.org_id,
        Branch.conversation_id == conversation.id,
    )
