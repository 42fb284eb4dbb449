"""Who may call a route: every route declares it, and a test walks the router to check."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from folkmoot.http.ports import ports_of
from folkmoot.kit.errors import Forbidden
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import context


class PermissionDenied(Forbidden):
    code = "permission_denied"

    def __init__(self, permission: str) -> None:
        super().__init__("You may not do this here.", permission=permission)


async def caller(connection: HTTPConnection) -> Subject:
    """Authenticate the caller; from here on its ids are on every log line of the request."""
    subject = await ports_of(connection).authenticate(connection)
    context.identify(org_id=subject.org_id, user_id=subject.user_id)
    return subject


CurrentSubject = Annotated[Subject, Depends(caller)]


@dataclass(frozen=True, slots=True)
class Requirement:
    """The permission a route needs; also found by the test that walks the router."""

    permission: str

    async def __call__(self, subject: CurrentSubject) -> Subject:
        demand(subject, self.permission)
        return subject


async def public() -> None:
    """Mark a route that anybody may call."""


async def signed_in(subject: CurrentSubject) -> Subject:
    """Mark a route that needs a caller and no permission: it shows the caller's own things."""
    return subject


def require(permission: str) -> Any:  # noqa: ANN401 - FastAPI's own marker type
    """Declare the permission of a route: `dependencies=[require("runs:read")]`."""
    return Depends(Requirement(permission))


PUBLIC = Depends(public)
SIGNED_IN = Depends(signed_in)


def demand(subject: Subject, permission: str) -> None:
    """Fail unless the subject holds the permission."""
    if permission not in subject.permissions:
        raise PermissionDenied(permission)
