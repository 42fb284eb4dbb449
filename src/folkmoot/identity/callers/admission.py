"""Whether those who were let in some time ago still would be: for what goes on for long.

All of them are asked about in one statement, however many there are.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Final, TypeVar, cast
from uuid import UUID

import orjson

from folkmoot.db.work import Database
from folkmoot.identity.permissions import PERMISSIONS, TEAM_PERMISSIONS
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject

ADMITTED: Final = "SELECT identity_admitted(%s::json, %s)"

Role = TypeVar("Role", bound=StrEnum)


async def refused(database: Database, subjects: Sequence[Subject]) -> Sequence[Subject]:
    """Return those who have lost what they were let in with.

    It may be their place, their session or key, or something that they could do there.
    """
    asked = orjson.dumps([_asked(*each) for each in enumerate(subjects)]).decode()
    async with database.unscoped() as connection:
        cursor = await connection.execute(ADMITTED, (asked, clock.now()))
        rows = cast(list[tuple[UUID]], await cursor.fetchall())
    admitted = {row[0].int for row in rows}
    return [subject for place, subject in enumerate(subjects) if place not in admitted]


def _asked(place: int, subject: Subject) -> Mapping[str, object]:
    return {
        "id": UUID(int=place),
        "user_id": subject.user_id,
        "org_id": subject.org_id,
        "session_id": subject.session_id,
        "key_id": subject.key_id,
        "team_id": subject.team_id,
        "roles": _sufficing(subject.permissions),
        "teams": [
            {"id": team, "roles": _sufficing_in_team(permissions)}
            for team, permissions in subject.team_permissions.items()
        ],
    }


@lru_cache(1024)
def _sufficing(permissions: frozenset[str]) -> Sequence[str]:
    return _covering(PERMISSIONS, permissions)


@lru_cache(1024)
def _sufficing_in_team(permissions: frozenset[str]) -> Sequence[str]:
    return _covering(TEAM_PERMISSIONS, permissions)


def _covering(roles: Mapping[Role, frozenset[str]], permissions: frozenset[str]) -> Sequence[str]:
    """Return the roles that let somebody do all of this."""
    return [role for role, granted in roles.items() if permissions <= granted]
