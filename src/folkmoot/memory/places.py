"""Whose memories are whose, and which of them somebody sees."""

from sqlalchemy import ColumnElement, and_, or_

from folkmoot.kit import clock
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.memory.models import Memory
from folkmoot.settings.scopes import Place, level_of


def visible(subject: Subject) -> ColumnElement[bool]:
    """Return the condition of what a subject sees: their own, their teams', the organisation's.

    What is over is not there any more.
    """
    return and_(
        Memory.org_id == subject.org_id,
        or_(Memory.user_id.is_(None), Memory.user_id == subject.user_id),
        or_(Memory.team_id.is_(None), Memory.team_id.in_(subject.team_ids)),
        or_(Memory.valid_until.is_(None), Memory.valid_until > clock.now()),
    )


def held(subject: Subject, place: Place) -> ColumnElement[bool]:
    """Return the condition of what a place of the subject's organisation has."""
    return and_(Memory.org_id == subject.org_id, *place.holds(Memory))


def scope_of(memory: Memory) -> Scope:
    """Return of whom a memory is."""
    if memory.user_id is not None:
        return Scope.USER
    return Scope.ORGANIZATION if memory.team_id is None else Scope.TEAM


def place_at(memory: Memory) -> Place:
    """Return the place that a memory belongs to."""
    level = level_of(memory.team_id, memory.user_id)
    return Place(level, team_id=memory.team_id, user_id=memory.user_id)
