"""What was said in some turns of a conversation, for those who read it afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from folkmoot.conversations import paths, service
from folkmoot.conversations.errors import ConversationNotFound
from folkmoot.conversations.models import Message
from folkmoot.db.work import Database
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.memory.ports import Said


@dataclass(frozen=True, slots=True)
class Talks:
    """Reads what was said: what people have written, and what agents have answered, no more."""

    database: Database

    async def __call__(
        self, subject: Subject, conversation: str, run_ids: Sequence[RunId]
    ) -> Sequence[Said]:
        """Return what was said on the path that a conversation shows; see the port.

        What people write is their own, also where they have attached something to it.
        """
        async with self.database.work(subject) as work:
            try:
                found = await service.get(work, conversation)
            except ConversationNotFound:
                return ()
            statement = select(Message).where(
                Message.org_id == found.org_id,
                Message.conversation_id == found.id,
                Message.run_id.in_(run_ids),
                Message.role.in_(("user", "assistant")),
                Message.cut.is_(False),
                Message.content != "",
                (await paths.of(work, found)).condition(),
            )
            rows = (await work.session.scalars(statement.order_by(Message.seq))).all()
        return [_said(row, row.run_id) for row in rows if row.run_id is not None]


def _said(row: Message, run_id: RunId) -> Said:
    by_user = row.role == "user"
    return Said(
        id=row.id,
        run_id=run_id,
        role="user" if by_user else "assistant",
        text=row.content,
        untrusted=row.untrusted and not by_user,
    )
