"""What the evals slice takes in and gives out."""

from datetime import datetime
from typing import Annotated, Final, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from folkmoot.kit.ids import CollectionId, EvaluationId, LabelledSetId, RunId
from folkmoot.kit.schema import Schema
from folkmoot.knowledge.schemas import ExternalId, Input, Manner, Name, Query
from folkmoot.runs.schemas import RunError
from folkmoot.runs.states import RunState

MOST_QUERIES: Final = 5_000
MOST_SETTINGS: Final = 4

Score = Annotated[float, Field(ge=-1_000, le=1_000, allow_inf_nan=False)]


class LabelledQuery(Input):
    """A query, and the documents that were judged for it."""

    id: ExternalId = Field(examples=["q1"], description="Your name for it, unique in the set.")
    text: Query = Field(examples=["When is the office open?"])
    relevant: Annotated[dict[ExternalId, Score], Field(max_length=10_000)] = Field(
        examples=[{"handbook-7": 1}],
        description="How well documents answer it, by their `external_id`; whatever is not here, or"
        " not above 0, does not answer it.",
    )


class LabelledSetCreate(Input):
    """Queries that are asked, to see whether the documents are found that answer them."""

    name: Name = Field(examples=["Questions of the help desk"])
    collection_id: CollectionId
    queries: Annotated[list[LabelledQuery], Field(min_length=1, max_length=MOST_QUERIES)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({each.id for each in self.queries}) < len(self.queries):
            raise PydanticCustomError("repeated", "Two queries have the same id")
        if not any(score > 0 for each in self.queries for score in each.relevant.values()):
            raise PydanticCustomError("nothing_relevant", "No document answers any query")
        return self


class LabelledSetRead(Schema):
    model_config = ConfigDict(from_attributes=True)

    id: LabelledSetId
    name: str = Field(examples=["Questions of the help desk"])
    collection_id: CollectionId
    queries: int = Field(description="Those that some document answers.", examples=[120])
    judgements: int = Field(description="Documents that answer one of them.", examples=[160])
    created_at: datetime


class EvaluationCreate(Input):
    """In which ways the queries of a set are asked."""

    set_id: LabelledSetId
    k: Annotated[int, Field(ge=1, le=100)] = Field(
        default=10, description="How many documents of each ranking count."
    )
    settings: Annotated[list[Manner], Field(min_length=1, max_length=MOST_SETTINGS)] = Field(
        default_factory=lambda: [Manner()],
        description="Ways to search, as a search takes them. Others are compared with the first.",
        examples=[[{"mode": "hybrid"}, {"mode": "lexical"}]],
    )


class EstimateRead(Schema):
    """A mean over queries, and its interval with a confidence of 95 %."""

    model_config = ConfigDict(from_attributes=True)

    mean: float = Field(examples=[0.71])
    low: float = Field(examples=[0.67])
    high: float = Field(examples=[0.75])


class DifferenceRead(EstimateRead):
    """A mean difference; `p` is how often chance alone would make one as large."""

    p: float = Field(examples=[0.012])


class SettingRead(Schema):
    """What one way to search came to."""

    ndcg: EstimateRead
    recall: EstimateRead
    mrr: EstimateRead
    degraded: int = Field(
        description="Queries searched for by words alone, as the embedder did not answer.",
        examples=[0],
    )


class ComparisonRead(Schema):
    """By how much a setting, by its place from 0, is better than the first."""

    setting: int = Field(examples=[1])
    ndcg: DifferenceRead
    recall: DifferenceRead
    mrr: DifferenceRead


class OutcomeRead(Schema):
    """Intervals are percentile bootstraps over queries; comparisons are paired by query."""

    resamples: int = Field(examples=[2000])
    settings: list[SettingRead]
    comparisons: list[ComparisonRead]


class EvaluationRead(Schema):
    """An evaluation; the run of the same name tells how far it is, and can be cancelled."""

    id: EvaluationId
    set_id: LabelledSetId
    name: str = Field(description="The set's.", examples=["Questions of the help desk"])
    collection_id: CollectionId
    run_id: RunId
    state: RunState = Field(examples=[RunState.FINISHED])
    error: RunError | None = Field(examples=[None])
    k: int = Field(examples=[10])
    queries: int = Field(examples=[120])
    missing: int = Field(
        description="Documents that answer a query and could not be found when it began.",
        examples=[0],
    )
    settings: list[Manner] = Field(examples=[[{"mode": "hybrid"}, {"mode": "lexical"}]])
    outcome: OutcomeRead | None
    created_at: datetime


class MeasuresRead(Schema):
    """What one way to search came to."""

    model_config = ConfigDict(from_attributes=True)

    ndcg: EstimateRead
    recall: EstimateRead
    mrr: EstimateRead


class DifferencesRead(Schema):
    """By how much one way to search is better than another, query by query."""

    model_config = ConfigDict(from_attributes=True)

    ndcg: DifferenceRead
    recall: DifferenceRead
    mrr: DifferenceRead


class EvaluationComparisonRead(Schema):
    """Two evaluations of the same queries: intervals are paired bootstraps over them."""

    evaluation_id: EvaluationId
    setting: int = Field(description="Which of its settings, from 0.", examples=[0])
    other_id: EvaluationId
    other_setting: int = Field(examples=[0])
    k: int = Field(examples=[10])
    queries: int = Field(examples=[120])
    resamples: int = Field(examples=[2000])
    one: MeasuresRead
    other: MeasuresRead
    difference: DifferencesRead = Field(description="By how much the one is above the other.")
