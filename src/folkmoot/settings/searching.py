"""How what a search finds is put in order: fields of the group `retrieval`."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from folkmoot.kit.schema import Schema
from folkmoot.settings.written import WRITTEN, ModelName


class Expansion(StrEnum):
    """What a passage is shown with: nothing, the passages beside it, or its whole section."""

    NONE = "none"
    NEIGHBOURS = "neighbours"
    SECTION = "section"


class Reranking(StrEnum):
    """How passages are put in order.

    A model for chats is shown all of them and says an order; the others give each a score: what a
    provider, or a server of one's own, serves as `/rerank`, or a model on this machine.
    """

    CHAT = "chat"
    ENDPOINT = "endpoint"
    CROSS_ENCODER = "cross_encoder"


class Ranked(Schema):
    """What becomes of candidates."""

    half_life_days: Annotated[float, Field(ge=0, le=36_500, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Days in which the weight of a document halves; unset or 0, never.",
        examples=[365],
    )
    date_field: Annotated[str, Field(max_length=200, pattern=WRITTEN)] | None = Field(
        default=None,
        description="Key of the documents' metadata that holds their date. Unset, it is when they"
        " were changed.",
        examples=["published"],
    )
    mmr: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None,
        description="Passages that repeat better ones are left out: 1 looks at relevance alone, 0"
        " at differences alone. Unset, 1.",
        examples=[0.7],
    )
    expand: Expansion | None = Field(
        default=None,
        description="What passages are shown with: the ones beside them, or their whole section.",
    )
    rerank_model: ModelName | None = Field(
        default=None,
        description="The model that looks at the passages found and puts them in order, before an"
        " agent is given them and in searches that ask for it: one for chats, one of a provider's"
        " for just this (`cohere:…`, `jina:…`, `voyage:…`), or one on this machine"
        " (`fastembed:…`). Unset, none does.",
        examples=["openai:gpt-5-mini"],
    )
    rerank_strategy: Reranking | None = Field(
        default=None,
        description="How that model is asked: as one that chats, by its provider's `/rerank`, or as"
        " a cross-encoder on this machine. Unset, its provider says.",
    )
    rerank_candidates: Annotated[int, Field(ge=2, le=200)] | None = Field(
        default=None,
        description="How many of the best passages that model looks at; one for chats, 30 at the"
        " most. Unset, 30.",
        examples=[50],
    )
    rerank_seconds: Annotated[float, Field(ge=0.1, le=60, allow_inf_nan=False)] | None = Field(
        default=None,
        description="How long a search waits for that model; then the order stays as it was. Unset,"
        " 10 seconds.",
        examples=[5],
    )
    reword_model: ModelName | None = Field(
        default=None,
        description="The model that words a question in other ways before it is searched for, so"
        " that it stands by itself. Unset, none does.",
        examples=["openai:gpt-5-mini"],
    )
    wordings: Annotated[int, Field(ge=1, le=5)] | None = Field(
        default=None,
        description="How many other wordings are searched for besides. Unset, one.",
        examples=[2],
    )
    reword_seconds: Annotated[float, Field(ge=0.1, le=60, allow_inf_nan=False)] | None = Field(
        default=None,
        description="How long a search waits for other wordings; then it goes on without. Unset, 10"
        " seconds.",
        examples=[5],
    )
