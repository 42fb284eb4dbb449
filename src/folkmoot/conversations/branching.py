"""Going from one branch of a conversation to another, and into a new conversation."""

from typing import Final

import orjson
from sqlalchemy import func, insert, select, text

from folkmoot.agents import order
from folkmoot.agents.answer import TOOLS_REQUESTED
from folkmoot.agents.replay import CLIENT_RETURNED
from folkmoot.conversations import paths
from folkmoot.conversations.errors import MessageNotFound
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.paths import Path
from folkmoot.conversations.service import answering, get
from folkmoot.conversations.waiting import concurrency_key
from folkmoot.db.work import Database, Work
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.runs import service as runs
from folkmoot.runs.errors import RunActive, RunNotFound
from folkmoot.runs.events import Event
from folkmoot.runs.log import LogReader
from folkmoot.runs.models import Run

COPY: Final = """
INSERT INTO messages (org_id, conversation_id, id, user_id, run_id, role, content, tool_calls,
                      tool_call_id, citations, cut, untrusted, attachments, created_at)
SELECT m.org_id, CAST(:new_id AS uuid), m.id, m.user_id, m.run_id, m.role, m.content, m.tool_calls,
       m.tool_call_id, m.citations, m.cut, m.untrusted, m.attachments,
       m.created_at
FROM messages AS m
JOIN unnest(CAST(:path AS integer[]), CAST(:ends AS bigint[])) AS s (branch, upto)
  ON m.branch = s.branch AND m.seq <= s.upto
WHERE m.org_id = :org_id AND m.conversation_id = :id
ORDER BY m.seq
"""


COPY_ATTACHED: Final = """
INSERT INTO message_attachments (org_id, conversation_id, message_id, attachment_id, user_id)
SELECT a.org_id, m.conversation_id, a.message_id, a.attachment_id, a.user_id
FROM message_attachments AS a JOIN messages AS m
  ON m.org_id = a.org_id AND m.conversation_id = CAST(:new_id AS uuid) AND m.id = a.message_id
WHERE a.org_id = :org_id AND a.conversation_id = :id
"""


async def show(work: Work, conversation: Conversation, message_id: str) -> None:
    """Let a conversation, which is locked, show the path on which a message is.

    Of several it is the one that was written to last.

    Raises:
        MessageNotFound: It has none with this id.
        RunActive: A run is answering on the path that is shown.
    """
    message = await find(work, conversation, message_id)
    key = concurrency_key(work.subject, conversation.client_id)
    if await answering(work, [conversation]) or await runs.waiting(work, key):
        raise RunActive
    ways = await paths.everything(work, conversation)
    leading = [branch for branch, path in ways.items() if path.holds(message)]
    last = (
        select(Message.branch)
        .where(
            Message.org_id == conversation.org_id,
            Message.conversation_id == conversation.id,
            Message.branch.in_(leading),
        )
        .group_by(Message.branch)
        .order_by(func.max(Message.seq).desc())
        .limit(1)
    )
    conversation.branch = (await work.session.scalars(last)).one()
    await work.session.flush()


async def fork(work: Work, conversation: Conversation, message_id: str) -> Conversation:
    """Make a new conversation of what was said up to a message, and with it.

    Raises:
        MessageNotFound: There is none with this id.
    """
    message = await find(work, conversation, message_id)
    ways = await paths.everything(work, conversation)
    made = insert(Conversation).values(
        org_id=conversation.org_id,
        id=new_id(),
        user_id=conversation.user_id,
        client_id=str(new_id()),
        title=conversation.title,
    )
    copy = (await work.session.scalars(made.returning(Conversation))).one()
    path = _upto(ways[message.branch], message)
    copying = {"new_id": copy.id, "org_id": conversation.org_id, "id": conversation.id}
    ways_there = {"path": [*path.branches], "ends": [*path.ends]}
    await work.session.execute(text(COPY), copying | ways_there)
    await work.session.execute(text(COPY_ATTACHED), copying)
    return copy


async def last_said(database: Database, subject: Subject, name: str, run: str, event: int) -> str:
    """Return the id of the last message that a run had brought to its end by an event of its log.

    Before the first of them it is the question.

    Raises:
        RunNotFound: It is no run of this conversation.
    """
    async with database.work(subject) as work:
        conversation = await get(work, name)
        found = await runs.get(work, run)
        asked = _question(found, conversation)
    reader, said, seq = LogReader(database), asked, 0
    while seq < event:
        page = await reader.page(subject, found.id, seq)
        if not page:
            break
        for each in page:
            seq = each.seq
            if seq <= event and each.payload is not None:
                said = _ended(each.type, each.payload) or said
    return said


async def find(work: Work, conversation: Conversation, message_id: str) -> Message:
    """Return a message of a conversation by its id, in whatever branch."""
    statement = select(Message).where(
        Message.org_id == conversation.org_id,
        Message.conversation_id == conversation.id,
        Message.id == message_id,
    )
    message = (await work.session.scalars(statement)).first()
    if message is None:
        raise MessageNotFound
    return message


def _question(run: Run, conversation: Conversation) -> str:
    if run.kind != order.KIND or run.thread_id != conversation.client_id:
        raise RunNotFound
    return order.read(run.input).message_id


def _ended(type_: str, payload: bytes) -> str | None:
    """Return the id of the message that an event brings to its end."""
    match type_:
        case Event.MESSAGE_FINISHED | Event.TOOL_RETURNED:
            found: str = orjson.loads(payload)["messageId"]
            return found
        case _ if type_ in {TOOLS_REQUESTED, CLIENT_RETURNED}:
            asked: str = orjson.loads(payload)["value"]["message_id"]
            return asked
        case _:
            return None


def _upto(path: Path, message: Message) -> Path:
    """Return the path to a message, with an end for each branch."""
    place = path.branches.index(message.branch)
    return Path(path.branches[: place + 1], [*path.ends[:place], message.seq])
