"""Links by which anybody may read a conversation as it stood when the link was made.

What is shared are the questions and answers on the path that was shown then, and what came with
those: no people's names, no tools and what they returned, no passages of documents, and no ids with
which something could be asked.
"""

import hashlib
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, text

from folkmoot.audit import trail
from folkmoot.conversations import paths
from folkmoot.conversations.attaching.models import Attachment, MessageAttachment
from folkmoot.conversations.errors import (
    AttachmentNotFound,
    NothingToShare,
    ShareNotFound,
    TooManyShares,
)
from folkmoot.conversations.models import Conversation, Message, Share
from folkmoot.conversations.service import get
from folkmoot.db.keyset import Listing, Slice
from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.ids import AttachmentId, OrgId, ShareId, UserId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject

TOKEN: Final = "fm_share_"  # noqa: S105 - what tokens begin with
MOST: Final = 50
"""Links of one conversation that count at the same time."""

LISTING: Final = Listing("shares", Share.id, {"created_at": Share.id})
SHOWN: Final = Listing("shared", Message.seq, {"created_at": Message.seq})
FIND: Final = text("SELECT org_id, user_id, share_id FROM conversations_shared(:digest)")
ROLES: Final = ("user", "assistant")


@dataclass(frozen=True, slots=True)
class Shared:
    """What a link shows: a page of it."""

    share: Share
    messages: Slice[Message]


async def create(work: Work, conversation: Conversation, days: int) -> tuple[Share, str]:
    """Make a link to what a conversation, which is locked, shows now; return it and its token.

    Raises:
        NothingToShare: It shows nothing.
        TooManyShares: There are enough of them.
    """
    await _demand_room(work, conversation)
    path = await paths.of(work, conversation)
    newest = select(func.max(Message.seq)).where(
        Message.org_id == conversation.org_id,
        Message.conversation_id == conversation.id,
        path.condition(),
    )
    last = await work.session.scalar(newest)
    if last is None:
        raise NothingToShare
    token = TOKEN + secrets.token_urlsafe(32)
    share = Share(
        org_id=conversation.org_id,
        id=ShareId(new_id()),
        conversation_id=conversation.id,
        user_id=conversation.user_id,
        digest=digest(token),
        path=[*path.branches],
        ends=[*path.ends, last],
        title=conversation.title,
        expires_at=clock.now() + timedelta(days=days),
    )
    work.session.add(share)
    await work.session.flush()
    await trail.record(
        work,
        "conversation.shared",
        target=("share", share.id),
        after={"conversation_id": str(conversation.id), "expires_at": share.expires_at.isoformat()},
    )
    return share, token


async def browse(work: Work, name: str, asked: Asked) -> Slice[Share]:
    """Return a page of the links to a conversation, also of those that are over."""
    conversation = await get(work, name)
    statement = select(Share).where(
        Share.org_id == conversation.org_id, Share.conversation_id == conversation.id
    )
    return await LISTING.slice(work, statement, asked)


async def revoke(work: Work, name: str, share_id: ShareId) -> None:
    """Let a link count no more. Revoking it again changes nothing.

    Raises:
        ShareNotFound: The conversation has no such link.
    """
    conversation = await get(work, name)
    statement = (
        select(Share)
        .where(
            Share.org_id == conversation.org_id,
            Share.conversation_id == conversation.id,
            Share.id == share_id,
        )
        .with_for_update()
    )
    share = (await work.session.scalars(statement)).first()
    if share is None:
        raise ShareNotFound
    if share.revoked_at is None:
        share.revoked_at = clock.now()
        await trail.record(work, "conversation.share_revoked", target=("share", share.id))


async def read(database: Database, token: str, asked: Asked) -> Shared:
    """Return what a link shows to whoever has it.

    Raises:
        ShareNotFound: There is none with this token, or it is over, or the conversation is gone.
    """
    async with _opened(database, token) as (work, share):
        said = select(Message).where(
            *_said(share), or_(Message.content != "", Message.attachments.is_not(None))
        )
        return Shared(share, await SHOWN.slice(work, said, asked))


async def attached(database: Database, token: str, name: str) -> Attachment:
    """Return something that came with what a link shows.

    Raises:
        ShareNotFound: There is none with this token, or it is over, or the conversation is gone.
        AttachmentNotFound: The link shows nothing with it.
    """
    try:
        attachment_id = AttachmentId(UUID(name))
    except ValueError:
        raise AttachmentNotFound from None
    async with _opened(database, token) as (work, share):
        came = (
            select(MessageAttachment.attachment_id)
            .join(
                Message,
                and_(
                    Message.org_id == MessageAttachment.org_id,
                    Message.conversation_id == MessageAttachment.conversation_id,
                    Message.id == MessageAttachment.message_id,
                ),
            )
            .where(*_said(share), MessageAttachment.attachment_id == attachment_id)
        )
        statement = select(Attachment).where(
            Attachment.org_id == share.org_id, Attachment.id == attachment_id, came.exists()
        )
        found = (await work.session.scalars(statement)).first()
    if found is None:
        raise AttachmentNotFound
    return found


def digest(token: str) -> bytes:
    """Return what is kept of a token: it holds 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


async def _demand_room(work: Work, conversation: Conversation) -> None:
    within = (Share.org_id == conversation.org_id, Share.conversation_id == conversation.id)
    counting = select(func.count()).where(
        *within, Share.revoked_at.is_(None), Share.expires_at > clock.now()
    )
    if (await work.session.scalar(counting) or 0) >= MOST:
        raise TooManyShares(MOST)


@asynccontextmanager
async def _opened(database: Database, token: str) -> AsyncGenerator[tuple[Work, Share]]:
    """Open a work in which what a link shows can be read.

    It acts for whoever has shared, without any permission: it sees what is theirs and reads this.
    """
    async with database.personal_work() as work:
        found = (await work.session.execute(FIND, {"digest": digest(token)})).first()
    if found is None:
        raise ShareNotFound
    org_id, user_id, share_id = found
    there = (
        select(Share)
        .join(
            Conversation,
            and_(
                Conversation.org_id == Share.org_id,
                Conversation.id == Share.conversation_id,
                Conversation.deleted_at.is_(None),
            ),
        )
        .where(Share.org_id == org_id, Share.id == share_id)
    )
    async with database.work(Subject(OrgId(org_id), UserId(user_id))) as work:
        share = (await work.session.scalars(there)).first()
        if share is None:
            raise ShareNotFound
        yield work, share


def _said(share: Share) -> tuple[ColumnElement[bool], ...]:
    return (
        Message.org_id == share.org_id,
        Message.conversation_id == share.conversation_id,
        or_(*_stretches(share.path, share.ends)),
        Message.role.in_(ROLES),
    )


def _stretches(path: Sequence[int], ends: Sequence[int]) -> list[ColumnElement[bool]]:
    return [
        and_(Message.branch == branch, Message.seq <= end)
        for branch, end in zip(path, ends, strict=True)
    ]
