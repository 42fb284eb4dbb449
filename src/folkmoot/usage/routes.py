"""REST endpoints for what has been used, what it has cost, and how budgets stand."""

from datetime import datetime
from hashlib import blake2b
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import StringConstraints
from starlette.responses import StreamingResponse

from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import PageCursor, PageLimit
from folkmoot.http.problems import documented
from folkmoot.kit.fields import Moment, Once
from folkmoot.kit.files import MEDIA, ExportFormat, described
from folkmoot.kit.ids import RunId, TeamId, UserId
from folkmoot.kit.page import Asked, Page, cut
from folkmoot.usage import exporting, reporting
from folkmoot.usage.budgets import Standing
from folkmoot.usage.errors import RangeInvalid
from folkmoot.usage.grouping import By
from folkmoot.usage.limits import Counted, InForce
from folkmoot.usage.reporting import Group, Report, UsageFilter
from folkmoot.usage.schemas import BudgetRead, BudgetState, UsagePage, UsageRead, UsageTotal
from folkmoot.usage.standing import Standings
from folkmoot.usage.windows import EVER

FILE: Final[dict[int | str, dict[str, Any]]] = {
    HTTPStatus.OK: described(
        "The groups, in their own order.",
        lines='{"day":"2026-11-21","calls":12,"micro_usd":41200}\n',
        rows='"day","calls","micro_usd","usd"\r\n"2026-11-21","12","41200","0.0412"\r\n',
    )
}
REFUSED: Final = documented(RangeInvalid)

Sort = Literal[
    "group",
    "-group",
    "micro_usd",
    "-micro_usd",
    "tokens",
    "-tokens",
    "calls",
    "-calls",
]
BudgetSort = Literal["limit", "-limit", "share", "-share"]
Name = Annotated[str | None, StringConstraints(max_length=300, pattern=r"^[^\x00]*$")]
GroupedBy = Annotated[
    list[By],
    Query(
        min_length=1,
        max_length=4,
        description="What a group has in common; several are named one after the other.",
    ),
    Once(),
]
Since = Annotated[
    Moment | None,
    Query(description="The first moment that counts; by default 30 days ago."),
]
Until = Annotated[
    Moment | None, Query(description="The first moment that counts no more; by default now.")
]


def wanted(
    provider: Name = None,
    model: Name = None,
    operation: Name = None,
    agent: Name = None,
    user_id: UserId | None = None,
    team_id: TeamId | None = None,
    conversation_id: Name = None,
    run_id: RunId | None = None,
) -> UsageFilter:
    """Return the filter that a query describes."""
    return UsageFilter(
        provider=provider,
        model=model,
        operation=operation,
        agent=agent,
        user_id=user_id,
        team_id=team_id,
        conversation_id=conversation_id,
        run_id=run_id,
    )


Wanted = Annotated[UsageFilter, Depends(wanted)]


def router(standings: Standings) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["usage"], dependencies=[require("usage:read")])
    database, settings = standings.database, standings.settings

    @routes.get("/usage", responses=REFUSED)
    async def read_usage(
        subject: CurrentSubject,
        wanted: Wanted,
        group_by: GroupedBy = [By.DAY, By.MODEL],  # noqa: B006 - FastAPI copies it
        since: Since = None,
        until: Until = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "group",
    ) -> UsagePage:
        """Tell what models were used for and what that has cost, summed up in groups.

        You see what was called for you; those with `usage:manage` see the whole organisation's,
        and those who look after a team see that team's.
        """
        report = Report(
            await reporting.span(settings, subject, since, until), tuple(group_by), wanted
        )
        found, total = await reporting.summed(database, subject, report, Asked(sort, limit, cursor))
        return UsagePage(
            items=[_usage(each) for each in found.rows],
            next_cursor=found.next_cursor,
            total=UsageTotal(**total),
            since=report.span.since,
            until=report.span.until,
            time_zone=report.span.zone,
        )

    @routes.get("/usage/export", response_class=StreamingResponse, responses={**REFUSED, **FILE})
    async def export_usage(
        subject: CurrentSubject,
        wanted: Wanted,
        group_by: GroupedBy = [By.DAY, By.MODEL],  # noqa: B006 - FastAPI copies it
        since: Since = None,
        until: Until = None,
        format: ExportFormat = ExportFormat.CSV,  # noqa: A002 - the query parameter's name
    ) -> StreamingResponse:
        """Take the same along as a file: all groups, in their own order."""
        report = Report(
            await reporting.span(settings, subject, since, until), tuple(group_by), wanted
        )
        return StreamingResponse(
            exporting.exported(database, subject, report, format),
            media_type=MEDIA[format],
            headers={"Content-Disposition": f'attachment; filename="usage.{format}"'},
        )

    @routes.get("/budgets")
    async def list_budgets(
        subject: CurrentSubject,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: BudgetSort = "-share",
    ) -> Page[BudgetRead]:
        """Tell how the limits stand that hold for you, by default the nearest first.

        Those with `usage:manage` also see how limits stand that are counted apart for others.
        """
        found = {_id(each.holds): each for each in await standings.of(subject)}
        shown = [_budget(id_, each) for id_, each in found.items()]
        asked = Asked(sort, limit, cursor)
        key = _by_share if asked.field == "share" else _by_limit
        return cut("budgets", shown, asked, key)

    return routes


def _usage(group: Group) -> UsageRead:
    place: str = group["place"]
    id_ = blake2b(place.encode(), digest_size=16).hexdigest()
    return UsageRead(id=id_, **{name: value for name, value in group.items() if name != "place"})


def _id(holds: InForce) -> str:
    text = f"{holds.level}|{holds.limit.text}|{holds.counter_id}"
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _budget(id_: str, standing: Standing) -> BudgetRead:
    holds = standing.holds
    limit, counted, whose = holds.limit, holds.counted, holds.counted or Counted()
    spent, reserved = standing.spent.of(limit.unit), standing.held.of(limit.unit)
    return BudgetRead(
        id=id_,
        limit=limit.text,
        level=holds.level,
        unit=limit.counted_in,
        amount=limit.amount,
        period=limit.period,
        per=limit.per,
        user_id=whose.user_id,
        team_id=whose.team_id,
        agent=whose.agent,
        spent=None if counted is None else spent,
        reserved=None if counted is None else reserved,
        left=None if counted is None else max(0, limit.amount - standing.used),
        warn_at=-(-limit.amount * holds.warn_at // 100),
        state=None if counted is None else _state(standing),
        starts_at=_moment(holds),
        resets_at=holds.window.ends_at,
    )


def _moment(holds: InForce) -> datetime | None:
    return None if holds.window == EVER else holds.window.starts_at


def _state(standing: Standing) -> BudgetState:
    if standing.used_up:
        return BudgetState.EXCEEDED
    return BudgetState.WARNING if standing.warned else BudgetState.OK


def _by_limit(budget: BudgetRead) -> str:
    return f"{budget.limit}|{budget.id}"


def _by_share(budget: BudgetRead) -> str:
    used = (budget.spent or 0) + (budget.reserved or 0)
    share = used * 1_000_000 // max(budget.amount, 1)
    return f"{share:024d}|{budget.id}"
