"""Who may read a collection, who may change it, and who decides that.

These are the conditions that queries name. Row-level security knows the same of reading, and it
looks teams up where they are kept: what somebody was granted by a team ends with their place there.
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, or_, select

from folkmoot.db.work import Work
from folkmoot.http.access import demand_in_team
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.errors import CollectionReadOnly
from folkmoot.knowledge.levels import CONTRIBUTE, MANAGE, MANAGE_TEAM, DefaultAccess
from folkmoot.knowledge.models import Collection, Document
from folkmoot.knowledge.permission_models import GRANTED, HIDDEN


@dataclass(frozen=True, slots=True)
class Rights:
    """What somebody may do with a collection."""

    read: bool
    edit: bool
    manage: bool


def readable(subject: Subject) -> ColumnElement[bool]:
    """Return the condition for collections that a subject may read."""
    return and_(
        Collection.org_id == subject.org_id,
        or_(
            Collection.user_id == subject.user_id,
            and_(
                Collection.user_id.is_(None),
                Collection.default_access != DefaultAccess.NONE,
                or_(Collection.team_id.is_(None), Collection.team_id.in_(subject.team_ids)),
            ),
            Collection.id.in_(select(GRANTED.c.collection_id)),
        ),
    )


def shown() -> ColumnElement[bool]:
    """Return the condition for documents that are not withheld from whoever is acting."""
    return ~exists().where(HIDDEN.c.org_id == Document.org_id, HIDDEN.c.document_id == Document.id)


def managed(subject: Subject) -> ColumnElement[bool]:
    """Return the condition for collections of which a subject says who reads and edits them."""
    teams = [team for team, allowed in subject.team_permissions.items() if MANAGE_TEAM in allowed]
    all_teams = MANAGE_TEAM in subject.permissions
    ways = [
        Collection.user_id == subject.user_id,
        and_(Collection.user_id.is_(None), Collection.team_id.is_not(None))
        if all_teams
        else Collection.team_id.in_(teams),
    ]
    if MANAGE in subject.permissions:
        ways.append(and_(Collection.user_id.is_(None), Collection.team_id.is_(None)))
    return and_(Collection.org_id == subject.org_id, or_(*ways))


async def rights(work: Work, *rows: Collection) -> dict[CollectionId, Rights]:
    """Return what the subject may do with collections that it reads or manages."""
    wanted = [row.id for row in rows]
    granted = select(GRANTED.c.collection_id).where(
        GRANTED.c.collection_id.in_(wanted), GRANTED.c.edits
    )
    read = select(Collection.id).where(readable(work.subject), Collection.id.in_(wanted))
    edited = set((await work.session.scalars(granted)).all())
    there = set((await work.session.scalars(read)).all())
    found = dict[CollectionId, Rights]()
    for row in rows:
        edit = row.id in edited or (row.id in there and _edits_by_scope(work.subject, row))
        made = row.created_by == work.subject.user_id and row.user_id is None
        manage = manages(work.subject, row) or (made and edit)
        found[row.id] = Rights(row.id in there, edit, manage)
    return found


async def demand_edit(work: Work, row: Collection) -> None:
    """Fail unless the subject, who may read a collection, may change what is in it.

    Raises:
        PermissionDenied: It is a team's, and they only look on there.
        CollectionReadOnly: They may read it and no more.
    """
    if (await rights(work, row))[row.id].edit:
        return
    if row.team_id is not None and row.default_access == DefaultAccess.EDIT:
        demand_in_team(work.subject, row.team_id, CONTRIBUTE)
    raise CollectionReadOnly


def manages(subject: Subject, row: Collection) -> bool:
    """Tell whether a subject decides who reads and edits a collection, by what they are.

    Whoever has made one decides, too, for as long as they may edit it.
    """
    if row.user_id is not None:
        return row.user_id == subject.user_id
    if row.team_id is not None:
        return MANAGE_TEAM in subject.allowed_in(row.team_id)
    return MANAGE in subject.permissions


def _edits_by_scope(subject: Subject, row: Collection) -> bool:
    if row.user_id is not None:
        return row.user_id == subject.user_id
    if row.default_access != DefaultAccess.EDIT:
        return False
    return row.team_id is None or CONTRIBUTE in subject.allowed_in(row.team_id)


def scope(row: Collection) -> Scope:
    """Return whose a collection is."""
    if row.user_id is not None:
        return Scope.USER
    return Scope.ORGANIZATION if row.team_id is None else Scope.TEAM
