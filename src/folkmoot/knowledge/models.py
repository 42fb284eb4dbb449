"""Tables of the knowledge slice."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Hierarchical, Model, OrgScoped, Stamped
from folkmoot.db.vectors import HalfVector
from folkmoot.kit import clock
from folkmoot.kit.ids import (
    ChunkId,
    CollectionId,
    DocumentId,
    ProcessId,
    RunId,
    UploadId,
    UserId,
)
from folkmoot.knowledge.levels import DefaultAccess


class Status(StrEnum):
    """Where a document stands on its way into the index."""

    QUEUED = "queued"
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


PENDING = (Status.QUEUED, Status.PROCESSING)


class Collection(Model, Hierarchical, Stamped, kw_only=True):
    """Documents that are searched together, seen by the organisation, one team or one user.

    `default_access` is what those may do; grants, in their own table, come on top.
    """

    __tablename__ = "collections"

    id: Mapped[CollectionId] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]
    created_by: Mapped[UserId]
    default_access: Mapped[DefaultAccess] = mapped_column(
        Text, default=DefaultAccess.EDIT, server_default=DefaultAccess.EDIT
    )
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class DocumentEpoch(Model, OrgScoped, kw_only=True):
    """A number that rises with every change of an organisation's documents and of their readers.

    Triggers see to it, when everything else of a transaction is done.
    """

    __tablename__ = "document_epochs"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),)

    epoch: Mapped[int]


class Document(Model, OrgScoped, Stamped, kw_only=True):
    """A file or a text, and how far it has been read.

    Each upload under the same id is a `revision`; `indexed_revision` is the one that is found by
    searches. `digest` is the SHA-256 of the bytes. One that is fetched has no file at first; its
    address says by `source_etag` and `source_modified` which version it has answered with, and how
    it is called if `source_titles`.
    """

    __tablename__ = "documents"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "collection_id"], ["collections.org_id", "collections.id"]),
        Index("ix_documents_collection", "org_id", "collection_id", "id"),
        Index(
            "ix_documents_pending",
            "org_id",
            "collection_id",
            postgresql_where=text("status IN ('queued', 'processing')"),
        ),
        Index("ix_documents_digest", "org_id", "collection_id", "digest"),
        Index(
            "uq_documents_source",
            "org_id",
            "collection_id",
            "source_url",
            unique=True,
            postgresql_where=text(
                "source_url IS NOT NULL AND external_id IS NULL AND deleted_at IS NULL"
            ),
        ),
        Index(
            "uq_documents_external",
            "org_id",
            "collection_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    id: Mapped[DocumentId] = mapped_column(primary_key=True)
    collection_id: Mapped[CollectionId]
    external_id: Mapped[str | None] = mapped_column(default=None)
    title: Mapped[str]
    filename: Mapped[str | None] = mapped_column(default=None)
    status: Mapped[Status] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(default=None)
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), default=None)
    kind: Mapped[str | None] = mapped_column(default=None)
    size: Mapped[int] = mapped_column("bytes")
    blob_key: Mapped[str | None] = mapped_column(default=None)
    digest: Mapped[bytes | None] = mapped_column(default=None)
    source_url: Mapped[str | None] = mapped_column(default=None)
    source_titles: Mapped[bool] = mapped_column(default=False)
    source_etag: Mapped[str | None] = mapped_column(default=None)
    source_modified: Mapped[str | None] = mapped_column(default=None)
    fetched_at: Mapped[datetime | None] = mapped_column(default=None)
    revision: Mapped[int] = mapped_column(default=1)
    indexed_revision: Mapped[int | None] = mapped_column(default=None)
    pages: Mapped[int | None] = mapped_column(default=None)
    chunks: Mapped[int | None] = mapped_column(default=None)
    language: Mapped[str | None] = mapped_column(default=None)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata")
    run_id: Mapped[RunId]
    created_by: Mapped[UserId]
    deleted_at: Mapped[datetime | None] = mapped_column(default=None)


class Upload(Model, OrgScoped, kw_only=True):
    """A file on its way in, and the process that receives it; none once it is given up."""

    __tablename__ = "uploads"

    id: Mapped[UploadId] = mapped_column(primary_key=True)
    process_id: Mapped[ProcessId | None]
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)


class DocumentText(Model, OrgScoped, kw_only=True):
    """A document's normalised text; pages are `[number, start, end]`.

    Of lines that were read in pictures of pages `recognized` keeps `[page, text, left, top, right,
    bottom]`, places in shares of the page: nothing else would tell where they stand.
    """

    __tablename__ = "document_texts"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "document_id"], ["documents.org_id", "documents.id"], ondelete="CASCADE"
        ),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    collection_id: Mapped[CollectionId]
    text: Mapped[str]
    pages: Mapped[list[list[int]]] = mapped_column(JSONB)
    headings: Mapped[list[list[Any]]] = mapped_column(JSONB)
    recognized: Mapped[list[list[Any]] | None] = mapped_column(
        JSONB(none_as_null=True), default=None
    )


class ChunkRow(Model, OrgScoped, kw_only=True):
    """A piece of a document's text, `text[start:end]`; `length` counts its indexed words."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("org_id", "id", name="uq_chunks_org_id"),
        ForeignKeyConstraint(
            ["org_id", "document_id"], ["documents.org_id", "documents.id"], ondelete="CASCADE"
        ),
        Index("ix_chunks_digest", "org_id", "digest"),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    id: Mapped[ChunkId]
    collection_id: Mapped[CollectionId]
    start: Mapped[int]
    end: Mapped[int]
    page: Mapped[int | None]
    section: Mapped[str | None]
    header: Mapped[str]
    text: Mapped[str]
    language: Mapped[str]
    length: Mapped[int] = mapped_column(Integer)
    digest: Mapped[int] = mapped_column(
        Computed("hashtextextended(header || E'\\n\\n' || text, 0)", persisted=True), init=False
    )


class ChunkVector(Model, OrgScoped, kw_only=True):
    """A chunk's embedding. Models differ in length, so the column has none.

    Those below a `lot` are as good as any other share of a collection, and stand for all.
    """

    __tablename__ = "chunk_vectors"
    __table_args__ = (
        Index("ix_chunk_vectors_scan", "org_id", "collection_id", "model"),
        Index(
            "ix_chunk_vectors_lots",
            "org_id",
            "collection_id",
            "model",
            "lot",
            postgresql_where=text("lot < -1073741824"),
        ),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    collection_id: Mapped[CollectionId]
    embedding: Mapped[str] = mapped_column(HalfVector())
    lot: Mapped[int] = mapped_column(
        Integer,
        Computed("uuid_hash(document_id) # hashint4(ordinal)", persisted=True),
        init=False,
    )


class EmbeddingState(Model, OrgScoped, kw_only=True):
    """By which model an organisation is searched, and which one is being prepared.

    `model` and `coming` name generations of vectors, `wished` the embedder that is to be used and
    `wished_at` since when. `embedded_at` says that nothing is left to embed, `swept` that there are
    no vectors of other generations; `due` when somebody looks again, after so many `attempts`.
    """

    __tablename__ = "embedding_states"
    __table_args__ = (ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),)

    model: Mapped[str]
    dimensions: Mapped[int] = mapped_column(Integer)
    coming: Mapped[str | None] = mapped_column(default=None)
    coming_dimensions: Mapped[int | None] = mapped_column(Integer, default=None)
    wished: Mapped[str]
    wished_at: Mapped[datetime]
    run_id: Mapped[RunId | None] = mapped_column(default=None)
    begun_at: Mapped[datetime | None] = mapped_column(default=None)
    embedded_at: Mapped[datetime | None] = mapped_column(default=None)
    switched_at: Mapped[datetime | None] = mapped_column(default=None)
    swept: Mapped[bool] = mapped_column(server_default=text("true"), default=True)
    due: Mapped[datetime] = mapped_column(server_default=text("now()"), default_factory=clock.now)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)


class UnembeddedDocument(Model, OrgScoped, kw_only=True):
    """A document that a model cannot embed, and why: it is found by its words."""

    __tablename__ = "unembedded_documents"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "document_id"], ["documents.org_id", "documents.id"], ondelete="CASCADE"
        ),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(server_default=text("now()"), default_factory=clock.now)


class VectorIndexRow(Model, OrgScoped, kw_only=True):
    """An organisation's own index over the vectors of a model, which is there and whole."""

    __tablename__ = "vector_indexes"

    model: Mapped[str] = mapped_column(primary_key=True)
    dimensions: Mapped[int] = mapped_column(Integer)
    name: Mapped[str]
    vectors: Mapped[int]
    built_at: Mapped[datetime] = mapped_column(server_default=text("now()"), init=False)


class VectorStoreRow(Model, kw_only=True):
    """The store elsewhere that changes of vectors are noted for, and since when it holds all."""

    __tablename__ = "vector_stores"

    name: Mapped[str] = mapped_column(primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(server_default=text("now()"), init=False)
    whole_at: Mapped[datetime | None] = mapped_column(default=None)
    checked_at: Mapped[datetime | None] = mapped_column(default=None)
    amiss: Mapped[int] = mapped_column(Integer, server_default=text("0"), init=False)


class VectorChange(Model, OrgScoped, kw_only=True):
    """A document whose vectors the store has not been told of yet."""

    __tablename__ = "vector_changes"
    __table_args__ = (
        Index("ix_vector_changes_due", "due", "org_id", "document_id"),
        Index(
            "ix_vector_changes_failing",
            "org_id",
            "document_id",
            postgresql_where=text("attempts > 0"),
        ),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(
        server_default=text("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"), init=False
    )
    due: Mapped[datetime] = mapped_column(server_default=text("now()"), init=False)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"), init=False)
    reason: Mapped[str | None] = mapped_column(default=None)


class VectorsTold(Model, OrgScoped, kw_only=True):
    """Which revision of a document's vectors the store was told last, and when."""

    __tablename__ = "vectors_told"

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    revision: Mapped[int]
    told_at: Mapped[datetime] = mapped_column(server_default=text("now()"), init=False)


class CollectionLanguage(Model, OrgScoped, kw_only=True):
    """How many chunks of a language a collection holds, and how many words in all."""

    __tablename__ = "collection_languages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "collection_id"],
            ["collections.org_id", "collections.id"],
            ondelete="CASCADE",
        ),
    )

    collection_id: Mapped[CollectionId] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    chunks: Mapped[int]
    length: Mapped[int]


class DocumentLanguage(Model, OrgScoped, kw_only=True):
    """What a document has of that: taken off again for those from whom it is hidden."""

    __tablename__ = "document_languages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "document_id"], ["documents.org_id", "documents.id"], ondelete="CASCADE"
        ),
    )

    document_id: Mapped[DocumentId] = mapped_column(primary_key=True)
    language: Mapped[str] = mapped_column(primary_key=True)
    chunks: Mapped[int]
    length: Mapped[int]


POSTINGS = Table(
    "postings",
    Model.metadata,
    Column("org_id", Uuid, nullable=False),
    Column("collection_id", Uuid, nullable=False),
    Column("document_id", Uuid, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("occurrences", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Column("language", Text(collation="C"), nullable=False),
    Column("lexeme", Text(collation="C"), nullable=False),
    Index(
        "ix_postings_lexeme",
        "org_id",
        "collection_id",
        "language",
        "lexeme",
        postgresql_include=["document_id", "ordinal", "occurrences", "length"],
    ),
    Index("ix_postings_document", "org_id", "document_id"),
)
"""One row for each lexeme of each chunk. No key: an index over it would be as large as the rest.

The index by lexeme holds all that a search asks for: the rows themselves are all over the table.
"""
