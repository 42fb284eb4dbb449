"""How long conversations are kept: after they were deleted, and while nobody uses them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from folkmoot.conversations.models import Conversation
from folkmoot.kit.subject import Subject
from folkmoot.settings.groups import General
from folkmoot.settings.service import Settings


@dataclass(frozen=True, slots=True)
class Term:
    """How long the conversations of one user are kept; those in use for ever, if `unused` is None.

    Args:
        deleted: From when one was deleted.
        unused: From the last question.
    """

    deleted: timedelta
    unused: timedelta | None

    def over(self, conversation: Conversation) -> datetime | None:
        """Return until when a deleted conversation can be brought back; none was if it is there."""
        if conversation.deleted_at is None:
            return None
        until = conversation.deleted_at + self.deleted
        return until if self.unused is None else min(until, conversation.updated_at + self.unused)


@dataclass(frozen=True, slots=True)
class Terms:
    """Knows how long conversations are kept, by settings and by the deployment.

    Args:
        settings: Where it is set how long they may stay unused.
        deleted: How long what was deleted can be brought back.
    """

    settings: Settings
    deleted: timedelta

    async def of(self, subject: Subject) -> Term:
        """Return what holds for a user. They own conversations in whatever team they act."""
        user = Subject(subject.org_id, subject.user_id)
        days = (await self.settings.of(user)).values(General).conversation_days
        return Term(self.deleted, None if days is None else timedelta(days=days))
