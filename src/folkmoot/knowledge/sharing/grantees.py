"""The users and teams that are let at something."""

from collections.abc import AsyncGenerator, Container, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from folkmoot.db.work import Work
from folkmoot.http.access import TeamNotFound
from folkmoot.identity.errors import MemberNotFound
from folkmoot.identity.organizations import named
from folkmoot.kit.subject import NOBODY
from folkmoot.knowledge.permission_models import CollectionGrant, DocumentReader
from folkmoot.knowledge.sharing.schemas import Reader, ReaderRead, Whom

Row = TypeVar("Row", CollectionGrant, DocumentReader)

ACT_AS: Final = text("SELECT set_config('app.user', :user, true)")


@asynccontextmanager
async def for_the_deployment(work: Work) -> AsyncGenerator[None]:
    """Let row-level security take the subject for the deployment; a failure ends that, too.

    It is for whoever says who may read something without being able to read it.

    Raises:
        MemberNotFound: Somebody who is let in has left in this moment.
        TeamNotFound: A team that is has gone.
    """
    try:
        async with work.session.begin_nested():
            await work.session.execute(ACT_AS, {"user": str(NOBODY)})
            yield
            await work.session.execute(ACT_AS, {"user": str(work.subject.user_id)})
    except IntegrityError as error:
        raise _gone(error) from None


def _gone(error: IntegrityError) -> Exception:
    """Return what has become of whom a row names, if that is what the database found wrong."""
    broken = error.orig
    if isinstance(broken, psycopg.errors.ForeignKeyViolation):
        name = broken.diag.constraint_name or ""
        if name.endswith("_org_id_user_id"):
            return MemberNotFound()
        if name.endswith("_org_id_team_id"):
            return TeamNotFound()
    return error


async def demand_named(
    work: Work, wanted: Iterable[Reader], kept: Iterable[CollectionGrant | DocumentReader]
) -> None:
    """Fail if somebody is named anew whom the subject could not name; the others may stay.

    Raises:
        MemberNotFound: Somebody is no member here.
        TeamNotFound: A team is none that the subject sees.
    """
    known = {whom(each) for each in kept}
    new = [each for each in wanted if each.whom not in known]
    users = {each.user_id for each in new if each.user_id is not None}
    teams = {each.team_id for each in new if each.team_id is not None}
    await named.demand(work, users, teams)


async def names(
    work: Work, rows: Sequence[CollectionGrant | DocumentReader]
) -> Sequence[ReaderRead]:
    """Return whom each row lets in, by name."""
    users = {row.user_id for row in rows if row.user_id is not None}
    teams = {row.team_id for row in rows if row.team_id is not None}
    found = await named.names(work, users, teams)
    people: dict[Whom, str] = {(id_, None): name for id_, name in found.users.items()}
    groups: dict[Whom, str] = {(None, id_): name for id_, name in found.teams.items()}
    called = people | groups
    return [
        ReaderRead(user_id=row.user_id, team_id=row.team_id, name=called.get(whom(row)))
        for row in rows
    ]


def whom(row: CollectionGrant | DocumentReader) -> Whom:
    """Return whom a row lets in."""
    return row.user_id, row.team_id


async def take_out(work: Work, rows: Iterable[Row], wanted: Container[Whom]) -> list[Row]:
    """Delete the rows of those who are not wanted any more; return the others."""
    staying: list[Row] = []
    for row in rows:
        if whom(row) in wanted:
            staying.append(row)
        else:
            await work.session.delete(row)
    return staying
