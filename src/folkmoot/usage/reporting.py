"""What has been used: the ledger and its sums, in groups.

Whoever may look after the organisation's usage sees all of it, whoever looks after a team that
team's; others see what was called for them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Subquery,
    Text,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from folkmoot.db.work import Database, Work
from folkmoot.kit import clock
from folkmoot.kit.ids import RunId, TeamId, UserId
from folkmoot.kit.page import Asked, CursorInvalid, seal, unseal
from folkmoot.kit.subject import Subject
from folkmoot.settings.scopes import TEAM_ADMIN
from folkmoot.settings.service import Settings
from folkmoot.usage import source
from folkmoot.usage.errors import RangeInvalid
from folkmoot.usage.grouping import FIELDS, By, keys, measures
from folkmoot.usage.limits import time_zone
from folkmoot.usage.models import ModelCall
from folkmoot.usage.windows import midnight, zone

MANAGE: Final = "usage:manage"
"""The permission to see what others use."""

DAYS: Final = 30
"""What is told of unless somebody says from when: today and the days before it."""

MOST_DAYS: Final = 400
CHAT: Final = "chat"
"""What chat models are called for."""

LARGEST: Final = 2**63 - 1
BETWEEN: Final = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFilter:
    """Which calls to sum up; what is None does not matter."""

    provider: str | None = None
    model: str | None = None
    operation: str | None = None
    agent: str | None = None
    user_id: UserId | None = None
    team_id: TeamId | None = None
    conversation_id: str | None = None
    run_id: RunId | None = None

    def conditions(self, of: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - columns, by name
        """Return what is true of those calls."""
        named = {
            "provider": self.provider,
            "model": self.model,
            "operation": self.operation,
            "agent": self.agent,
            "user_id": self.user_id,
            "team_id": self.team_id,
            "conversation": self.conversation_id,
            "run_id": self.run_id,
        }
        return [getattr(of, name) == value for name, value in named.items() if value is not None]


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when calls count, and the time zone whose days they are told by."""

    since: datetime
    until: datetime
    zone: str


@dataclass(frozen=True, slots=True)
class Report:
    """What is asked of the ledger."""

    span: Span
    by: tuple[By, ...]
    wanted: UsageFilter

    @property
    def of_runs(self) -> bool:
        """Whether runs or conversations are told apart, which sums of days do not."""
        named = self.wanted.conversation_id, self.wanted.run_id
        return bool({By.CONVERSATION, By.RUN} & set(self.by)) or named != (None, None)

    @property
    def fields(self) -> list[str]:
        """The names of what tells groups apart."""
        return [FIELDS[each] for each in self.by]


Group = Mapping[Any, Any]
"""What tells a group apart, and how much it has used, by the names of `grouping`."""


@dataclass(frozen=True, slots=True)
class Groups:
    """Some groups of a report, and how it goes on."""

    rows: Sequence[Group]
    next_cursor: str | None


async def span(
    settings: Settings, subject: Subject, since: datetime | None, until: datetime | None
) -> Span:
    """Return the time that somebody asks about.

    Raises:
        RangeInvalid: It is none, or too long.
    """
    where = zone(time_zone(await settings.of(subject)))
    until = until or clock.now()
    begun = since or midnight(until.astimezone(where).date() - timedelta(days=DAYS - 1), where)
    if not begun <= until <= begun + timedelta(days=MOST_DAYS):
        raise RangeInvalid(MOST_DAYS)
    return Span(begun, until, where.key)


async def groups(work: Work, report: Report, asked: Asked) -> Groups:
    """Return a page of groups, in an order of theirs or by how much they have used.

    Raises:
        CursorInvalid: The cursor is of another grouping or order, or of none.
    """
    found = _grouped(work.subject, report)
    place = _place(found, report.fields)
    order = _order(found, place, asked)
    statement = select(found, place.label("place"))
    name = f"usage:{','.join(report.by)}"
    if asked.cursor is not None:
        here, there = tuple_(*order), tuple_(*_read(name, asked, len(order)))
        statement = statement.where(here < there if asked.descending else here > there)
    ordered = [each.desc() if asked.descending else each.asc() for each in order]
    limited = statement.order_by(*ordered).limit(asked.limit + 1)
    rows = (await work.session.execute(limited)).mappings().all()
    kept = rows[: asked.limit]
    last = None if len(rows) == len(kept) else seal(name, asked, *_written(kept[-1], asked))
    return Groups(kept, last)


async def total(work: Work, report: Report) -> Group:
    """Return the sums over all groups."""
    used = _used(work.subject, report)
    return (await work.session.execute(select(*measures(used)))).mappings().one()


async def reused(work: Work, since: datetime) -> tuple[Mapping[str, int], int]:
    """Return how many answers were there already, by how they were found, and how many were not."""
    statement = (
        select(ModelCall.reuse, func.count().label("calls"))
        .where(
            ModelCall.org_id == work.subject.org_id,
            ModelCall.at >= since,
            ModelCall.operation == CHAT,
        )
        .group_by(ModelCall.reuse)
    )
    found = {row.reuse: int(row.calls) for row in await work.session.execute(statement)}
    calls = found.pop(None, 0)
    return {str(how): count for how, count in found.items()}, calls


async def summed(
    database: Database, subject: Subject, report: Report, asked: Asked
) -> tuple[Groups, Group]:
    """Return a page of groups and the sums over all of them, of the same moment."""
    async with database.work(subject) as work:
        return await groups(work, report, asked), await total(work, report)


def _grouped(subject: Subject, report: Report) -> Subquery:
    used = _used(subject, report)
    statement = select(*keys(used, report.by), *measures(used)).group_by(*report.fields)
    return statement.subquery("groups")


def _used(subject: Subject, report: Report) -> FromClause:
    """Return what the report is about, as far as the subject may see it."""

    def where(of: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - columns, by name
        return [*_seen(subject, of), *report.wanted.conditions(of)]

    tell = source.ledger if report.of_runs else source.summed
    span = report.span
    return tell(subject.org_id, span.since, span.until, span.zone, where)


def _seen(subject: Subject, of: Any) -> list[ColumnElement[bool]]:  # noqa: ANN401 - columns, by name
    """Return what is true of the calls that a subject may see, unless that is all of them."""
    if MANAGE in subject.permissions:
        return []
    teams = [each for each in subject.team_ids if TEAM_ADMIN in subject.allowed_in(each)]
    return [or_(of.user_id == subject.user_id, of.team_id.in_(teams))]


def _place(found: Subquery, fields: Sequence[str]) -> ColumnElement[str]:
    """Return a text that tells groups apart and puts them in order; what is not known is first."""
    texts = [func.coalesce(literal("=") + cast(found.c[each], Text), "") for each in fields]
    return func.concat_ws(BETWEEN, *texts).collate("C")


def _order(found: Subquery, place: ColumnElement[str], asked: Asked) -> list[ColumnElement[Any]]:
    match asked.field:
        case "group":
            return [place]
        case "tokens":
            return [found.c.input_tokens + found.c.output_tokens, place]
        case measure:
            return [found.c[measure], place]


def _read(name: str, asked: Asked, length: int) -> list[ColumnElement[Any]]:
    place = unseal(name, asked)
    if len(place) != length:
        raise CursorInvalid
    *amounts, text = place
    try:
        numbers = [int(each) for each in amounts]
    except ValueError:
        raise CursorInvalid from None
    if any(abs(each) > LARGEST for each in numbers):
        raise CursorInvalid
    return [*(literal(each, BigInteger) for each in numbers), literal(text, Text).collate("C")]


def _written(row: Group, asked: Asked) -> list[str]:
    match asked.field:
        case "group":
            return [row["place"]]
        case "tokens":
            return [str(row["input_tokens"] + row["output_tokens"]), row["place"]]
        case measure:
            return [str(row[measure]), row["place"]]
