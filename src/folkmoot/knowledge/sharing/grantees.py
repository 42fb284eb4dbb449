"""The users and teams that are let at something."""

from collections.abc import Container, Iterable, Sequence
from typing import TypeVar

from folkmoot.db.work import Work
from folkmoot.identity.organizations import named
from folkmoot.knowledge.permission_models import CollectionGrant, DocumentReader
from folkmoot.knowledge.sharing.schemas import Reader, ReaderRead, Whom

Row = TypeVar("Row", CollectionGrant, DocumentReader)


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
