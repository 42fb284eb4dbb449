"""REST endpoints for labelled sets and evaluations."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from folkmoot.db.work import Database
from folkmoot.evals import comparing, service
from folkmoot.evals.bootstrap import RESAMPLES
from folkmoot.evals.comparing import Way
from folkmoot.evals.errors import (
    EvaluationNotFound,
    EvaluationsDiffer,
    LabelledSetNotFound,
    NothingToFind,
    SettingNotMeasured,
)
from folkmoot.evals.schemas import (
    MOST_SETTINGS,
    DifferencesRead,
    EvaluationComparisonRead,
    EvaluationCreate,
    EvaluationRead,
    LabelledSetCreate,
    LabelledSetRead,
    MeasuresRead,
    OutcomeRead,
)
from folkmoot.evals.service import Standing
from folkmoot.http.access import CurrentSubject, PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import CollectionId, EvaluationId, LabelledSetId
from folkmoot.kit.page import Asked, Page
from folkmoot.knowledge.errors import CollectionNotFound
from folkmoot.knowledge.schemas import Manner
from folkmoot.runs.errors import TooManyQueued
from folkmoot.runs.routes import read as read_run
from folkmoot.runs.states import RunState

READ: Final = [require("evaluations:read")]
WRITE: Final = [require("evaluations:write")]

SetSort = Literal["created_at", "-created_at", "name", "-name"]
Sort = Literal["created_at", "-created_at"]


Place = Annotated[int, Query(ge=0, lt=MOST_SETTINGS, description="Which setting of it, from 0.")]


def router(database: Database) -> APIRouter:
    """Return the routes of the slice."""
    routes = APIRouter(
        tags=["evaluations"], route_class=Idempotent, responses=documented(PermissionDenied)
    )
    _add_sets(routes)
    _add_evaluations(routes)
    _add_comparing(routes, database)
    return routes


def _add_sets(routes: APIRouter) -> None:
    @routes.post(
        "/labelled-sets",
        status_code=HTTPStatus.CREATED,
        dependencies=WRITE,
        responses=documented(CollectionNotFound),
    )
    async def create_labelled_set(data: LabelledSetCreate, work: OpenWork) -> LabelledSetRead:
        """Store queries and the documents of a collection that answer them.

        Documents are named by their `external_id`. Queries that no document answers are left out.
        """
        return LabelledSetRead.model_validate(await service.create_set(work, data))

    @routes.get("/labelled-sets", dependencies=READ)
    async def list_labelled_sets(
        work: OpenWork,
        collection_id: CollectionId | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: SetSort = "-created_at",
    ) -> Page[LabelledSetRead]:
        """List the labelled sets of the collections that you see, newest first."""
        found = await service.browse_sets(work, collection_id, Asked(sort, limit, cursor))
        return found.page([LabelledSetRead.model_validate(row) for row in found.rows])

    @routes.get(
        "/labelled-sets/{set_id}", dependencies=READ, responses=documented(LabelledSetNotFound)
    )
    async def read_labelled_set(
        set_id: LabelledSetId, work: OpenWork, etags: Etags
    ) -> LabelledSetRead:
        """Read one labelled set, without its queries."""
        shown = LabelledSetRead.model_validate(await service.get_set(work, set_id))
        etags.show(shown)
        return shown

    @routes.delete(
        "/labelled-sets/{set_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=WRITE,
        responses=documented(LabelledSetNotFound),
    )
    async def delete_labelled_set(set_id: LabelledSetId, work: OpenWork, etags: Etags) -> None:
        """Delete a labelled set and its evaluations."""
        found = await service.get_set_to_change(work, set_id)
        etags.demand(LabelledSetRead.model_validate(found))
        await work.session.delete(found)


def _add_evaluations(routes: APIRouter) -> None:
    missing = documented(EvaluationNotFound)

    @routes.post(
        "/evaluations",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=WRITE,
        responses=documented(LabelledSetNotFound, NothingToFind, TooManyQueued),
    )
    async def create_evaluation(data: EvaluationCreate, work: OpenWork) -> EvaluationRead:
        """Ask the queries of a labelled set, for you and with your rights, in a run.

        Its progress are the run's events `evaluation.progressed`.
        """
        return read(await service.get(work, (await service.begin(work, data)).id))

    @routes.get("/evaluations", dependencies=READ)
    async def list_evaluations(
        work: OpenWork,
        set_id: LabelledSetId | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[EvaluationRead]:
        """List the evaluations of the collections that you see, newest first."""
        found, standings = await service.browse(work, set_id, Asked(sort, limit, cursor))
        return found.page([read(each) for each in standings])

    @routes.get("/evaluations/{evaluation_id}", dependencies=READ, responses=missing)
    async def read_evaluation(
        evaluation_id: EvaluationId, work: OpenWork, etags: Etags
    ) -> EvaluationRead:
        """Read one evaluation; `outcome` is there once it has ended well."""
        shown = read(await service.get(work, evaluation_id))
        etags.show(shown)
        return shown

    @routes.delete(
        "/evaluations/{evaluation_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=WRITE,
        responses=missing,
    )
    async def delete_evaluation(evaluation_id: EvaluationId, work: OpenWork, etags: Etags) -> None:
        """Delete an evaluation. If it is not over its run fails."""
        standing = await service.get(work, evaluation_id)
        await service.get_set_to_change(work, standing.set.id)
        etags.demand(read(standing))
        await work.session.delete(standing.evaluation)


def _add_comparing(routes: APIRouter, database: Database) -> None:
    @routes.get(
        "/evaluations/{evaluation_id}/comparison/{other_id}",
        dependencies=READ,
        responses=documented(EvaluationNotFound, EvaluationsDiffer, SettingNotMeasured),
    )
    async def compare_evaluations(
        evaluation_id: EvaluationId,
        other_id: EvaluationId,
        subject: CurrentSubject,
        etags: Etags,
        setting: Place = 0,
        other_setting: Place = 0,
    ) -> EvaluationComparisonRead:
        """Compare an evaluation with another one of the same queries, query by query."""
        one, other = Way(evaluation_id, setting), Way(other_id, other_setting)
        async with database.work(subject) as work:
            pair = await comparing.pair(work, one, other)
        measured, others = await asyncio.to_thread(pair.estimates)
        differing = await asyncio.to_thread(pair.differences)
        shown = EvaluationComparisonRead(
            evaluation_id=evaluation_id,
            setting=setting,
            other_id=other_id,
            other_setting=other_setting,
            k=pair.k,
            queries=len(pair.one),
            resamples=RESAMPLES,
            one=MeasuresRead.model_validate(measured),
            other=MeasuresRead.model_validate(others),
            difference=DifferencesRead.model_validate(differing),
        )
        etags.show(shown)
        return shown


def read(standing: Standing) -> EvaluationRead:
    """Return an evaluation as the API shows it."""
    row, labelled = standing.evaluation, standing.set
    run = read_run(standing.run) if standing.run is not None else None
    outcome = None if row.outcome is None else OutcomeRead.model_validate(row.outcome)
    return EvaluationRead(
        id=row.id,
        set_id=row.set_id,
        name=labelled.name,
        collection_id=labelled.collection_id,
        run_id=row.run_id,
        state=run.state if run else RunState.FINISHED if outcome else RunState.CANCELLED,
        error=run.error if run else None,
        k=row.k,
        queries=labelled.queries,
        missing=row.missing,
        settings=[Manner.model_validate(each) for each in row.settings],
        outcome=outcome,
        created_at=row.created_at,
    )
