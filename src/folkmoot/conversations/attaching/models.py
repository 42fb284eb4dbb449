"""Tables of what comes with messages."""

from datetime import datetime

import sqlalchemy
from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit.ids import AttachmentId, ConversationId, UserId


class Attachment(Model, OrgScoped, kw_only=True):
    """A picture with its size in pixels, or a document with its text, which scans have none of.

    Of one that is `readable` nothing is kept from models: they may read its file, too.
    One that is `loose` is about to be deleted, and no message may refer to it any more.
    """

    __tablename__ = "attachments"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index("ix_attachments_user", "org_id", "user_id", "id"),
    )

    id: Mapped[AttachmentId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    width: Mapped[int | None] = mapped_column(Integer)
    height: Mapped[int | None] = mapped_column(Integer)
    text: Mapped[str | None]
    readable: Mapped[bool] = mapped_column(server_default=sqlalchemy.text("false"), default=False)
    loose: Mapped[bool] = mapped_column(server_default=sqlalchemy.text("false"), default=False)
    created_at: Mapped[datetime] = mapped_column(
        server_default=sqlalchemy.text("now()"), init=False
    )


class MessageAttachment(Model, OrgScoped, kw_only=True):
    """That something came with a message; it is kept for as long as there is one."""

    __tablename__ = "message_attachments"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "conversation_id", "message_id"],
            ["messages.org_id", "messages.conversation_id", "messages.id"],
            name="fk_message_attachments_messages",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["org_id", "attachment_id"],
            ["attachments.org_id", "attachments.id"],
            name="fk_message_attachments_attachments",
        ),
        Index("ix_message_attachments_message", "org_id", "conversation_id", "message_id"),
    )

    attachment_id: Mapped[AttachmentId] = mapped_column(primary_key=True)
    conversation_id: Mapped[ConversationId] = mapped_column(primary_key=True)
    message_id: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[UserId]
