"""What the knowledge slice takes in and gives out."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from folkmoot.http.body_limit import LIMIT, MEBIBYTE
from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, RunId, TeamId, UserId
from folkmoot.kit.schema import Schema
from folkmoot.kit.scope import Scope
from folkmoot.knowledge.filtering import Where
from folkmoot.knowledge.levels import DefaultAccess
from folkmoot.knowledge.models import Status
from folkmoot.knowledge.storable import storable
from folkmoot.settings.searching import Expansion

WRITTEN = r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f\ufeff][^\x00]*$"
"""Text that is more than blanks, whatever a regular expression's dialect counts as one."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=WRITTEN)]
Description = Annotated[str, Field(max_length=2_000)]


ExternalId = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(storable)]
Metadata = Annotated[dict[str, JsonValue], Field(max_length=100), AfterValidator(storable)]


class Input(Schema):
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


class CollectionRead(Schema):
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


class Progress(Schema):
    """How far a document is in a stage: `fetch`, `parse`, `chunk`, `embed`, `index`."""

    stage: str = Field(examples=["embed"])
    done: int
    total: int


class DocumentRead(Schema):
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
    restricted: bool = Field(
        description="Whether only some of those who read its collection may read it."
    )
    run_id: RunId
    created_by: UserId
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None = Field(examples=[None])


class Accepted(Schema):
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


class PageRead(Schema):
    page: int
    start: int = Field(examples=[0])
    end: int = Field(examples=[37])


class DocumentTextRead(Schema):
    """A document as it is cited; offsets count Unicode code points."""

    document_id: DocumentId
    title: str = Field(examples=["Opening hours"])
    text: str = Field(examples=["The office is open from nine to five."])
    pages: list[PageRead]


class BoxRead(Schema):
    """A rectangle on a page, in shares of its width and height from the upper left corner."""

    left: float = Field(examples=[0.12])
    top: float = Field(examples=[0.31])
    right: float = Field(examples=[0.88])
    bottom: float = Field(examples=[0.33])


class PlacesRead(Schema):
    """Where passages stand on a page."""

    page: int
    width: float = Field(description="Of the page, in points.", examples=[595.0])
    height: float = Field(examples=[842.0])
    boxes: list[BoxRead]


class Filters(Input):
    """Which documents may be found; what is left out does not matter."""

    document_ids: Annotated[list[DocumentId], Field(max_length=1_000)] | None = None
    external_ids: Annotated[list[ExternalId], Field(max_length=1_000)] | None = None
    metadata: Metadata | None = Field(
        default=None, description="Values that a document's metadata must contain."
    )
    where: Where | None = Field(
        default=None,
        description="A condition: a `field` that `equals` a value, is `any_of` some, lies between"
        " bounds (`at_least`, `above`, `at_most`, `below`) or `exists`; or conditions of which"
        " `all` or `any` hold, or that does `not`.",
        examples=[
            {
                "all": [
                    {"field": "metadata.year", "at_least": 2020},
                    {"not": {"field": "kind", "any_of": ["csv", "html"]}},
                ]
            }
        ],
    )

    @property
    def empty(self) -> bool:
        """Whether every document passes."""
        named = self.document_ids is not None or self.external_ids is not None
        return not (named or self.metadata or self.where)


HalfLife = Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)]
DateField = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
Diversity = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Manner(Input):
    """How a collection is searched, whatever for."""

    mode: Mode = Mode.HYBRID
    filters: Filters | None = None
    half_life_days: HalfLife | None = Field(
        default=None,
        description="Let a document's weight halve in so many days, if it does not come from the"
        " settings of whoever searches; 0 for never.",
        examples=[None],
    )
    date_field: DateField | None = Field(
        default=None,
        description="The key of the documents' metadata that holds their date; otherwise it is when"
        " they were changed.",
        examples=[None],
    )
    mmr: Diversity | None = Field(
        default=None,
        description="Leave out what repeats better hits, by maximal marginal relevance: 1 looks at"
        " relevance alone, 0 at differences alone.",
        examples=[None],
    )
    expand: Expansion | None = Field(
        default=None,
        description="What hits come with: the chunks beside them, or their section. Where they"
        " meet they become one.",
        examples=[None],
    )
    reword: bool = Field(
        default=False,
        description="Have a model word the query in other ways and look for these, too: the model"
        " that settings name. Without one, or if it does not answer in time, `search/explain` says"
        " so.",
    )
    rerank: bool = Field(
        default=False,
        description="Have a model look at the hits once more and order them, the one that"
        " settings name. Without one, or if it does not answer in time, hits come in the order of"
        " their scores, and `search/explain` says so.",
    )


Query = Annotated[str, Field(min_length=1, max_length=4_000, pattern=WRITTEN)]


class Search(Manner):
    query: Query = Field(examples=["When is the office open?"])
    k: Annotated[int, Field(ge=1, le=200)] = 10


class HitRead(Schema):
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
    page: int | None = Field(description="The page on which it begins.", examples=[1])
    start: int
    end: int
    pages: list[PageRead] = Field(
        default=[], description="The pages of what a hit was expanded to, if it goes over several."
    )


class SearchRead(Schema):
    hits: list[HitRead]


class TermRead(Schema):
    """A word of the query as the index knows it."""

    term: str = Field(
        description="Its lexemes, each behind the language it is a lexeme of.",
        examples=["en:offic"],
    )
    chunks: int
    weight: float


class CandidateRead(Schema):
    """A chunk that a stage proposed; `ordinal` is its place in the document, from 0."""

    rank: int
    document_id: DocumentId
    ordinal: int
    score: float
    lexical: float | None = Field(default=None, description="On the common scale.")
    dense: float | None = Field(default=None, description="On the common scale.")
    rerank: float | None = Field(
        default=None, description="What a reranker says of it, on a scale of its own."
    )


class StageRead(Schema):
    """One stage of a search: what it found, how long it took, or why it was left out."""

    name: Literal[
        "filter",
        "lexical",
        "dense",
        "rewording",
        "fusion",
        "decay",
        "rerank",
        "mmr",
        "expansion",
    ]
    milliseconds: float
    candidates: list[CandidateRead]
    facts: dict[str, Any]
    skipped: str | None = Field(default=None, examples=[None])


class ExplanationRead(Schema):
    """How a search came to its hits."""

    query: str = Field(examples=["When is the office open?"])
    mode: Mode
    language: str = Field(examples=["en"])
    filters: Filters | None = Field(examples=[None])
    terms: list[TermRead]
    stages: list[StageRead]
    milliseconds: float
    hits: list[HitRead]
