"""Feedback on answers: one for each user and answer, kept for whoever evaluates agents."""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects.postgresql import insert

from folkmoot.conversations.branching import find
from folkmoot.conversations.errors import FeedbackNotFound, NoAnswer
from folkmoot.conversations.models import Conversation, Feedback, Message
from folkmoot.conversations.schemas import FeedbackWrite, Rating
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Work
from folkmoot.kit import clock
from folkmoot.kit.ids import new_id
from folkmoot.kit.page import Asked
from folkmoot.runs.service import SEE_ALL

LISTING: Final = Listing("feedback", Feedback.id, {"created_at": Feedback.id})
VALUES: Final[Mapping[Rating, int]] = {Rating.GOOD: 1, Rating.BAD: -1}
RATINGS: Final[Mapping[int, Rating]] = {value: rating for rating, value in VALUES.items()}


async def rate(
    work: Work, conversation: Conversation, message_id: str, data: FeedbackWrite
) -> Feedback:
    """Keep what the subject thinks of an answer; it replaces what they thought before.

    Raises:
        MessageNotFound: The conversation has no such message.
        NoAnswer: It is none of an agent's.
    """
    message = await find(work, conversation, message_id)
    if message.role != "assistant":
        raise NoAnswer
    now = clock.now()
    said = {"rating": VALUES[data.rating], "comment": data.comment, "updated_at": now}
    statement = insert(Feedback).values(
        org_id=conversation.org_id,
        id=new_id(),
        conversation_id=conversation.id,
        message_id=message.id,
        user_id=work.subject.user_id,
        run_id=message.run_id,
        created_at=now,
        **said,
    )
    kept = statement.on_conflict_do_update(
        index_elements=["org_id", "conversation_id", "message_id", "user_id"], set_=said
    ).returning(Feedback)
    return (await work.session.scalars(kept)).one()


async def withdraw(work: Work, conversation: Conversation, message_id: str) -> None:
    """Forget what the subject thought of a message.

    Raises:
        MessageNotFound, FeedbackNotFound: There is nothing to forget.
    """
    message = await find(work, conversation, message_id)
    gone = (
        delete(Feedback)
        .where(*_own(work, conversation), Feedback.message_id == message.id)
        .returning(Feedback.id)
    )
    if (await work.session.scalars(gone)).first() is None:
        raise FeedbackNotFound


async def of(
    work: Work, conversation: Conversation, messages: Sequence[Message]
) -> Mapping[str, Rating]:
    """Return what the subject thinks of these messages, as far as they have said so."""
    statement = select(Feedback.message_id, Feedback.rating).where(
        *_own(work, conversation), Feedback.message_id.in_([each.id for each in messages])
    )
    return {id_: RATINGS[rating] for id_, rating in await work.session.execute(statement)}


async def browse(work: Work, rating: Rating | None, asked: Asked) -> Slice[Feedback]:
    """Return a page of the subject's feedback, or of everybody's for who sees all runs."""
    statement = select(Feedback).where(Feedback.org_id == work.subject.org_id)
    if SEE_ALL not in work.subject.permissions:
        statement = statement.where(Feedback.user_id == work.subject.user_id)
    if rating is not None:
        statement = statement.where(Feedback.rating == VALUES[rating])
    return await LISTING.slice(work, statement, asked)


def _own(work: Work, conversation: Conversation) -> Sequence[ColumnElement[bool]]:
    return (
        Feedback.org_id == conversation.org_id,
        Feedback.conversation_id == conversation.id,
        Feedback.user_id == work.subject.user_id,
    )
