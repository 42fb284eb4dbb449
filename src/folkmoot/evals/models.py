"""Tables of the evals slice. Who sees a collection sees what belongs to it here."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, Integer
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit import clock
from folkmoot.kit.ids import CollectionId, EvaluationId, LabelledSetId, RunId, UserId, new_id

Judged = list[tuple[str, str, dict[str, float]]]
"""Queries: an id, a text, and the scores of documents by their external ids."""


class LabelledSet(Model, OrgScoped, kw_only=True):
    """Queries, and which documents of a collection answer them how well."""

    __tablename__ = "labelled_sets"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "collection_id"],
            ["collections.org_id", "collections.id"],
            ondelete="CASCADE",
        ),
        Index("ix_labelled_sets_collection", "org_id", "collection_id"),
    )

    id: Mapped[LabelledSetId] = mapped_column(
        primary_key=True, default_factory=lambda: LabelledSetId(new_id())
    )
    collection_id: Mapped[CollectionId]
    name: Mapped[str]
    queries: Mapped[int] = mapped_column(Integer)
    judgements: Mapped[int] = mapped_column(Integer)
    judged: Mapped[Judged] = mapped_column(JSONB, deferred=True)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)


class Evaluation(Model, OrgScoped, kw_only=True):
    """The queries of a set, asked in one way or in several; `outcome` is what came of it.

    `settings` are ways to search, `missing` counts judged documents that were not there. Others
    than its maker see it as long as nothing in the collection is hidden from them.
    """

    __tablename__ = "evaluations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "set_id"], ["labelled_sets.org_id", "labelled_sets.id"], ondelete="CASCADE"
        ),
        Index("ix_evaluations_set", "org_id", "set_id"),
    )

    id: Mapped[EvaluationId] = mapped_column(
        primary_key=True, default_factory=lambda: EvaluationId(new_id())
    )
    set_id: Mapped[LabelledSetId]
    run_id: Mapped[RunId]
    k: Mapped[int] = mapped_column(Integer)
    settings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    missing: Mapped[int] = mapped_column(Integer)
    created_by: Mapped[UserId | None]
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True), default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)


class EvaluationResult(Model, OrgScoped, kw_only=True):
    """What every query came to in one setting of an evaluation.

    `scores` are the measures of each query, in the set's order; `degraded` counts the queries that
    were searched for by words alone although their meaning should have counted.
    """

    __tablename__ = "evaluation_results"
    __table_args__ = (
        ForeignKeyConstraint(
            ["org_id", "evaluation_id"],
            ["evaluations.org_id", "evaluations.id"],
            ondelete="CASCADE",
        ),
    )

    evaluation_id: Mapped[EvaluationId] = mapped_column(primary_key=True)
    setting: Mapped[int] = mapped_column(Integer, primary_key=True)
    scores: Mapped[list[list[float]]] = mapped_column(JSONB)
    degraded: Mapped[int] = mapped_column(Integer)
