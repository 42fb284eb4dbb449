"""Tables of who may read and change what, and what they say of whoever is acting."""

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Text,
    Uuid,
    column,
    table,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import SchemaItem

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit.ids import CollectionId, DocumentId, GrantId, TeamId, UserId
from folkmoot.knowledge.levels import AccessLevel


def _grantee(name: str, thing: str) -> tuple[SchemaItem, ...]:
    """Return what holds for a row that lets one user or one team at a thing."""
    return (
        ForeignKeyConstraint(
            ["org_id", "user_id"],
            ["memberships.org_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["org_id", "team_id"], ["teams.org_id", "teams.id"], ondelete="CASCADE"
        ),
        CheckConstraint("num_nonnulls(user_id, team_id) = 1", name="one"),
        Index(
            f"uq_{name}_user",
            *("org_id", "user_id", thing),
            unique=True,
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        Index(
            f"uq_{name}_team",
            *("org_id", "team_id", thing),
            unique=True,
            postgresql_where=text("team_id IS NOT NULL"),
        ),
    )


class CollectionGrant(Model, OrgScoped, kw_only=True):
    """A user or a team that may read or edit a collection, whatever its scope says."""

    __tablename__ = "collection_grants"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "collection_id"],
            ["collections.org_id", "collections.id"],
            ondelete="CASCADE",
        ),
        Index("ix_collection_grants_collection", "org_id", "collection_id"),
        *_grantee("collection_grants", "collection_id"),
    )

    id: Mapped[GrantId] = mapped_column(primary_key=True)
    collection_id: Mapped[CollectionId]
    user_id: Mapped[UserId | None]
    team_id: Mapped[TeamId | None]
    level: Mapped[AccessLevel] = mapped_column(Text)


class RestrictedDocument(Model, OrgScoped, kw_only=True):
    """A document that only its readers may read, of those who read its collection."""

    __tablename__ = "restricted_documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "document_id"], ["documents.org_id", "documents.id"], ondelete="CASCADE"
        ),
        Index("ix_restricted_documents_collection", "org_id", "collection_id", "document_id"),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    collection_id: Mapped[CollectionId]


class DocumentReader(Model, OrgScoped, kw_only=True):
    """A user or a team that may read a restricted document."""

    __tablename__ = "document_readers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "document_id"],
            ["restricted_documents.org_id", "restricted_documents.document_id"],
            ondelete="CASCADE",
        ),
        Index("ix_document_readers_document", "org_id", "document_id"),
        *_grantee("document_readers", "document_id"),
    )

    id: Mapped[GrantId] = mapped_column(primary_key=True)
    document_id: Mapped[DocumentId]
    user_id: Mapped[UserId | None]
    team_id: Mapped[TeamId | None]


GRANTED: Final = table(
    "granted_collections", column("collection_id", Uuid), column("edits", Boolean)
)
"""A view: what whoever is acting was granted, themselves or by a team that they are in."""

HIDDEN: Final = table(
    "hidden_documents",
    column("org_id", Uuid),
    column("collection_id", Uuid),
    column("document_id", Uuid),
)
"""A view: the restricted documents that whoever is acting may not read."""
