"""Who may call a route: every route declares it, and a test walks the router to check.

Each of these dependencies reads the connection and asks for no other one, however many of them a
route has: FastAPI goes through every parameter again for each level.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends
from starlette.requests import HTTPConnection

from folkmoot.http.access_log import template
from folkmoot.http.ports import Person, ports_of
from folkmoot.kit.errors import Forbidden, NotFound
from folkmoot.kit.ids import TeamId
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import context

ADMITTED: Final = "folkmoot.platform"
SUBJECT: Final = "folkmoot.subject"
"""Where a connection keeps its caller once that is known."""

PERSON: Final = "folkmoot.person"
TEAM: Final = "team_id"


class PermissionDenied(Forbidden):
    code = "permission_denied"

    def __init__(self, permission: str) -> None:
        super().__init__("You may not do this here.", permission=permission)


class PersonNeeded(Forbidden):
    """What is a person's own is no business of a key, nor of a token for one organisation."""

    code = "person_needed"

    def __init__(self) -> None:
        super().__init__("Sign in for this: what you have shown is for one organisation.")


class PlatformAdminNeeded(Forbidden):
    code = "platform_admin_needed"

    def __init__(self) -> None:
        super().__init__("This is for platform administrators, in person.")


class TeamNotFound(NotFound):
    """Also the answer for a team that exists and in which the caller has no place."""

    code = "team_not_found"

    def __init__(self) -> None:
        super().__init__("You are in no team with this id.")


async def caller(connection: HTTPConnection) -> Subject:
    """Authenticate the caller, once; from here on its ids are on every log line of the request."""
    known: Subject | None = connection.scope.get(SUBJECT)
    if known is not None:
        return known
    subject = await ports_of(connection).authenticate(connection)
    connection.scope[SUBJECT] = subject
    context.identify(org_id=subject.org_id, user_id=subject.user_id)
    return subject


CurrentSubject = Annotated[Subject, Depends(caller)]


async def person(connection: HTTPConnection) -> Person:
    """Authenticate the caller, who may be in no organisation at all."""
    known: Person | None = connection.scope.get(PERSON)
    if known is not None:
        return known
    found = connection.scope[PERSON] = await ports_of(connection).identify(connection)
    context.identify(user_id=found.user_id)
    return found


CurrentPerson = Annotated[Person, Depends(person)]


@dataclass(frozen=True, slots=True)
class Requirement:
    """The permission a route needs; also found by the test that walks the router."""

    permission: str

    async def __call__(self, connection: HTTPConnection) -> Subject:
        subject = await caller(connection)
        demand(subject, self.permission)
        return subject


@dataclass(frozen=True, slots=True)
class TeamRequirement(Requirement):
    """The permission a route needs in the team that its path names."""

    async def __call__(self, connection: HTTPConnection) -> Subject:
        subject = await caller(connection)
        demand_in_team(subject, _team_id(connection.path_params[TEAM]), self.permission)
        return subject


async def public() -> None:
    """Mark a route that anybody may call."""


async def signed_in(connection: HTTPConnection) -> Subject:
    """Mark a route that needs a caller and no permission: it shows the caller's own things."""
    return await caller(connection)


async def personal(connection: HTTPConnection) -> None:
    """Mark a route for people themselves, in an organisation or in none.

    Raises:
        PersonNeeded: Their credential is for one organisation alone.
    """
    found = await person(connection)
    if found.subject is not None and found.subject.confined:
        raise PersonNeeded


async def platform(connection: HTTPConnection) -> None:
    """Mark a route for platform admins: the one way past roles, which is recorded each time."""
    scope, admit = connection.scope, ports_of(connection).admit_platform_admin
    who = await person(connection)
    if ADMITTED in scope:
        return
    if admit is None:
        raise PlatformAdminNeeded
    await admit(who, method=scope["method"], route=template(scope))
    scope[ADMITTED] = True


def require(permission: str) -> Any:  # noqa: ANN401 - FastAPI's own marker type
    """Declare the permission of a route: `dependencies=[require("runs:read")]`."""
    return Depends(Requirement(permission))


require_org_permission = require


def require_team_permission(permission: str) -> Any:  # noqa: ANN401 - FastAPI's own marker type
    """Declare what a route needs in the team of its path, which calls it `{team_id}`."""
    return Depends(TeamRequirement(permission))


PUBLIC = Depends(public)
SIGNED_IN = Depends(signed_in)
PERSONAL = Depends(personal)
PLATFORM = Depends(platform)


def demand(subject: Subject, permission: str) -> None:
    """Fail unless the subject holds the permission."""
    if permission not in subject.permissions:
        raise PermissionDenied(permission)


def demand_in_team(subject: Subject, team_id: TeamId, permission: str) -> None:
    """Fail unless the subject holds the permission in a team.

    Whoever holds it in the organisation holds it in each team, also in one that is not there.
    """
    if permission in subject.permissions:
        return
    if team_id not in subject.team_permissions:
        raise TeamNotFound
    if permission not in subject.team_permissions[team_id]:
        raise PermissionDenied(permission)


def _team_id(written: str) -> TeamId:
    try:
        return TeamId(UUID(written))
    except ValueError:
        raise TeamNotFound from None
