"""What the knowledge slice takes in and gives out."""

import math
import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue
from pydantic_core import PydanticCustomError

from folkmoot.http.body_limit import LIMIT, MEBIBYTE
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, RunId, TeamId, UserId
from folkmoot.kit.scope import Scope
from folkmoot.knowledge.levels import DefaultAccess
from folkmoot.knowledge.models import Status

WRITTEN = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00]*$"
"""Text that is more than blanks, whatever a regular expression's dialect counts as one."""

UNSTORABLE = re.compile("[\0\ud800-\udfff]")

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=WRITTEN)]
Description = Annotated[str, Field(max_length=2_000)]


def storable(value: JsonValue) -> JsonValue:
    """Refuse what JSON text can say and the database cannot keep, wherever it stands."""
    waiting: list[JsonValue] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and UNSTORABLE.search(each):
            raise PydanticCustomError("unstorable", "Text may not contain NUL or lone surrogates")
        elif isinstance(each, float) and not math.isfinite(each):
            raise PydanticCustomError("unstorable", "Numbers have to be finite")
    return value


ExternalId = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]
Metadata = Annotated[dict[str, JsonValue], Field(max_length=100), AfterValidator(storable)]


def counted(value: object) -> object:
    """Refuse what Pydantic would take for a number and JSON does not."""
    if isinstance(value, bool | str):
        raise PydanticCustomError("int_type", "Input should be a valid integer")
    return value


def said(value: object) -> object:
    """Refuse what Pydantic would take for true or false and JSON does not."""
    if not isinstance(value, bool):
        raise PydanticCustomError("bool_type", "Input should be a valid boolean")
    return value


class Input(BaseModel):
    """What comes in has the fields that are named here and no others."""

    model_config = ConfigDict(extra="forbid")


class Mode(StrEnum):
    """By words, by meaning, or both."""

    HYBRID = "hybrid"
    DENSE = "dense"
    LEXICAL = "lexical"


class CollectionCreate(Input):
    name: Name = Field(examples=["Reports"])
    description: Description | None = Field(default=None, examples=["What we publish"])
    scope: Scope = Scope.ORGANIZATION
    team_id: TeamId | None = Field(default=None, description="Required if the scope is `team`.")
    default_access: DefaultAccess = Field(
        default=DefaultAccess.EDIT,
        description="What those may do whom the scope names. You may edit it in any case, and say"
        " who else may. A personal collection's is always `edit`.",
    )


class CollectionUpdate(Input):
    """What is left out stays as it is."""

    name: Name | None = Field(default=None, examples=["Annual reports"])
    description: Description | None = None


class CollectionRead(BaseModel):
    id: CollectionId
    name: str = Field(examples=["Reports"])
    description: str | None = Field(examples=["What we publish"])
    scope: Scope
    team_id: TeamId | None = Field(examples=[None])
    default_access: DefaultAccess
    may_read: bool = Field(description="Whether you may read what is in it.")
    may_edit: bool = Field(description="Whether you may change what is in it.")
    may_share: bool = Field(description="Whether you may say who reads and edits it.")
    documents: int
    pending_documents: int = Field(description="Not yet ready, failed or cancelled.")
    created_by: UserId
    created_at: datetime
    updated_at: datetime


class TextCreate(Input):
    """A text that needs no file."""

    title: Annotated[str, Field(min_length=1, max_length=500, pattern=WRITTEN)] = Field(
        examples=["Opening hours"]
    )
    text: Annotated[str, Field(min_length=1, pattern=WRITTEN)] = Field(
        description=f"A body has {LIMIT // MEBIBYTE} MiB at most; send a longer text as a file.",
        examples=["The office is open from nine to five."],
    )
    external_id: ExternalId | None = Field(
        default=None,
        description="Your own name for it. Sending it again replaces the document.",
    )
    metadata: Metadata = Field(default_factory=dict)


class UrlCreate(Input):
    """A page or a file of the web."""

    url: Annotated[str, Field(min_length=1, max_length=2_048, pattern=WRITTEN)] = Field(
        description="It is fetched in the background, by its address alone, and only if it is"
        " public or the deployment's own. The same address is one document, fetched anew.",
        examples=["https://example.org/handbook.html"],
    )
    title: Annotated[str, Field(min_length=1, max_length=500, pattern=WRITTEN)] | None = Field(
        default=None, description="Left out, its own."
    )
    external_id: ExternalId | None = Field(
        default=None,
        description="Your own name for it. Sending it again replaces the document.",
    )
    metadata: Metadata = Field(default_factory=dict)


class Progress(BaseModel):
    """How far a document is in a stage: `fetch`, `parse`, `chunk`, `embed`, `index`."""

    stage: str = Field(examples=["embed"])
    done: int
    total: int


class DocumentRead(BaseModel):
    id: DocumentId
    collection_id: CollectionId
    external_id: str | None = Field(examples=["handbook-7"])
    title: str = Field(examples=["Opening hours"])
    filename: str | None = Field(
        description="As it was sent; null for a text.", examples=["hours.pdf"]
    )
    status: Status = Field(examples=[Status.READY])
    error: str | None = Field(examples=[None])
    progress: Progress | None = Field(examples=[None])
    media_type: str | None = Field(
        description="Null for what is still to be fetched.", examples=["text/plain"]
    )
    bytes: int
    source_url: str | None = Field(description="Where it is fetched from.", examples=[None])
    fetched_at: datetime | None = Field(description="When that has last answered.", examples=[None])
    pages: int | None
    chunks: int | None
    language: str | None = Field(
        description="ISO 639-1; `und` if it could not be told.", examples=["en"]
    )
    metadata: dict[str, Any]
    run_id: RunId
    created_by: UserId
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = Field(examples=[None])


class Accepted(BaseModel):
    """Documents that a run will read, and those that it need not."""

    document_ids: list[DocumentId]
    documents: list[DocumentRead]
    run_id: RunId = Field(
        description="The run that reads them; where none needs reading, the one that read the last."
    )
    existing: list[DocumentId] = Field(
        default_factory=list[DocumentId],
        description="Those that were there: with the same bytes, which are not read again unless"
        " that has failed or was cancelled; or from the same address, which is fetched again.",
        examples=[[]],
    )


class PageRead(BaseModel):
    page: int
    start: int = Field(examples=[0])
    end: int = Field(examples=[37])


class DocumentTextRead(BaseModel):
    """A document as it is cited; offsets count Unicode code points."""

    document_id: DocumentId
    title: str = Field(examples=["Opening hours"])
    text: str = Field(examples=["The office is open from nine to five."])
    pages: list[PageRead]


class Filters(Input):
    """Which documents may be found; what is left out does not matter."""

    document_ids: Annotated[list[DocumentId], Field(max_length=1_000)] | None = None
    external_ids: Annotated[list[ExternalId], Field(max_length=1_000)] | None = None
    metadata: Metadata | None = Field(
        default=None, description="Values that a document's metadata must contain."
    )

    @property
    def empty(self) -> bool:
        """Whether every document passes."""
        return self.document_ids is None and self.external_ids is None and not self.metadata


class Manner(Input):
    """How a collection is searched, whatever for."""

    mode: Mode = Mode.HYBRID
    filters: Filters | None = None
    rerank: Annotated[bool, BeforeValidator(said)] = Field(
        default=False,
        description="Have a model look at the hits once more and order them, where one is"
        " configured. None can be yet: hits come in the order of their scores, and"
        " `search/explain` says so.",
    )


Query = Annotated[str, Field(min_length=1, max_length=4_000, pattern=WRITTEN)]


class Search(Manner):
    query: Query = Field(examples=["When is the office open?"])
    k: Annotated[int, Field(ge=1, le=200), BeforeValidator(counted)] = 10


class HitRead(BaseModel):
    """A chunk that was found; `text[start:end]` of its document is its text."""

    model_config = ConfigDict(from_attributes=True)

    chunk_id: ChunkId
    document_id: DocumentId
    collection_id: CollectionId
    external_id: str | None = Field(examples=["handbook-7"])
    title: str = Field(examples=["Opening hours"])
    section: str | None = Field(examples=["Office"])
    text: str = Field(examples=["The office is open from nine to five."])
    score: float
    page: int | None
    start: int
    end: int


class SearchRead(BaseModel):
    hits: list[HitRead]


class TermRead(BaseModel):
    """A word of the query as the index knows it."""

    term: str = Field(
        description="Its lexemes, each behind the language it is a lexeme of.",
        examples=["en:offic"],
    )
    chunks: int
    weight: float


class CandidateRead(BaseModel):
    """A chunk that a stage proposed; `ordinal` is its place in the document, from 0."""

    rank: int
    document_id: DocumentId
    ordinal: int
    score: float
    lexical: float | None = Field(default=None, description="On the common scale.")
    dense: float | None = Field(default=None, description="On the common scale.")


class StageRead(BaseModel):
    """One stage of a search: what it found, how long it took, or why it was left out."""

    name: Literal["lexical", "dense", "fusion", "rerank"]
    milliseconds: float
    candidates: list[CandidateRead]
    facts: dict[str, Any]
    skipped: str | None = Field(default=None, examples=[None])


class ExplanationRead(BaseModel):
    """How a search came to its hits."""

    query: str = Field(examples=["When is the office open?"])
    mode: Mode
    language: str = Field(examples=["en"])
    filters: Filters | None = Field(examples=[None])
    terms: list[TermRead]
    stages: list[StageRead]
    milliseconds: float
    hits: list[HitRead]
