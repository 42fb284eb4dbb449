"""What the API tells of embedding models."""

from datetime import datetime

from pydantic import Field

from folkmoot.kit.ids import DocumentId, RunId
from folkmoot.kit.schema import Schema


class UnembeddedRead(Schema):
    """A document that the embedding model cannot embed."""

    document_id: DocumentId
    title: str = Field(examples=["Opening hours"])
    reason: str = Field(examples=["openai:text-embedding-3-small refused the request."])


class EmbeddingRead(Schema):
    """By which embedding model an organisation is searched, and which one is being prepared."""

    model: str | None = Field(
        default=None,
        description="By which searches compare. A number behind its name tells the length of its"
        " vectors, where there have been others of that name.",
        examples=["openai:text-embedding-3-small"],
    )
    dimensions: int | None = Field(default=None, examples=[1536])
    error: str | None = Field(
        default=None,
        description="Why your searches cannot ask it; they go by words then.",
        examples=[None],
    )
    coming: str | None = Field(
        default=None,
        description="The model that documents are being embedded by. Once all are, searches compare"
        " by it.",
        examples=["openai:text-embedding-3-large"],
    )
    run_id: RunId | None = Field(
        default=None,
        description="The run that embedded documents last, for those who see all runs.",
        examples=[None],
    )
    begun_at: datetime | None = Field(default=None, examples=[None])
    switched_at: datetime | None = Field(default=None, examples=[None])
    documents: int = Field(default=0, examples=[1200])
    embedded: int = Field(
        default=0,
        description="Those that have vectors of the model that comes, or else of the one in use.",
        examples=[700],
    )
    refused: int = Field(
        default=0,
        description="Those that this model cannot embed: they are found by their words.",
        examples=[1],
    )
    unembedded: list[UnembeddedRead] = Field(
        default_factory=list[UnembeddedRead],
        description="The first of them. They are tried once more after a day, or when they are read"
        " again.",
    )
