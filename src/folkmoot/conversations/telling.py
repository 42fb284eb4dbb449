"""What was said in some turns of a conversation, for those who read it afterwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from folkmoot.conversations import paths, service
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.models import Message
from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.memory import pasted
from folkmoot.memory.ports import Said

LOOKED_BACK: Final = 50
"""Earlier questions that are looked through for what was pasted: a model is hardly shown more."""


@dataclass(frozen=True, slots=True)
class Talks:
    """Reads what was said: what people have written, and what agents have answered, no more."""

    database: Database

    async def __call__(
        self, subject: Subject, conversation: str, run_ids: Sequence[RunId]
    ) -> Sequence[Said]:
        """Return what was said on the path that a conversation shows; see the port.

        What people write is their own, but for what they have pasted: that is told apart from it,
        and answers from then on may rest on it. What they attach is no part of what they say.
        """
        async with self.database.work(subject) as work:
            try:
                found = await service.get(work, conversation)
            except ConversationNotFound:
                return ()
            there = (
                Message.org_id == found.org_id,
                Message.conversation_id == found.id,
                Message.role.in_(("user", "assistant")),
                Message.cut.is_(False),
                Message.content != "",
                (await paths.of(work, found)).condition(),
            )
            statement = select(Message).where(*there, Message.run_id.in_(run_ids))
            rows = (await work.session.scalars(statement.order_by(Message.seq))).all()
            if not rows:
                return ()
            before = select(Message.content).where(
                *there, Message.role == "user", Message.seq < rows[0].seq
            )
            earlier = await work.session.scalars(
                before.order_by(Message.seq.desc()).limit(LOOKED_BACK)
            )
            tainted = any(pasted.apart(text)[1] for text in earlier)
        return list(_said(rows, tainted=tainted))


def _said(rows: Sequence[Message], *, tainted: bool) -> Iterator[Said]:
    for row in rows:
        if row.run_id is None:
            continue
        if row.role == "user":
            own, others = pasted.apart(row.content)
            tainted = tainted or bool(others)
            for text, untrusted in ((own, False), (others, True)):
                if text:
                    yield Said(
                        id=row.id, run_id=row.run_id, role="user", text=text, untrusted=untrusted
                    )
        else:
            yield Said(
                id=row.id,
                run_id=row.run_id,
                role="assistant",
                text=row.content,
                untrusted=row.untrusted or tainted,
            )
