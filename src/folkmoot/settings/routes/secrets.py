"""REST endpoints for secrets: they are set, listed and removed, and never read."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.deps import PageCursor, PageLimit, PageWords
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.ids import SecretId, TeamId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.scope import Scope
from folkmoot.settings.errors import FeatureOff, SecretNotFound, SecretStoreUnavailable
from folkmoot.settings.models import Secret
from folkmoot.settings.schemas import SecretCreate, SecretRead
from folkmoot.settings.scopes import level_of
from folkmoot.settings.secrets import SecretFilter, Secrets

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"]


def router(secrets: Secrets) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/secrets",
        tags=["secrets"],
        route_class=Idempotent,
        responses=documented(NotSignedIn, PermissionDenied, FeatureOff, OrganizationNotFound),
    )

    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[require("secrets:write")],
        responses=documented(OrganizationNotFound, TeamNotFound, SecretStoreUnavailable),
    )
    async def set_secret(data: SecretCreate, subject: CurrentSubject) -> SecretRead:
        """Set a secret; one of that name and scope is replaced. Nobody can read it back."""
        return _read(await secrets.keep(subject, data))

    @routes.get("", dependencies=[require("secrets:read")])
    async def list_secrets(
        subject: CurrentSubject,
        q: PageWords = None,
        scope: Scope | None = None,
        team_id: TeamId | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[SecretRead]:
        """List the secrets of your organisation, of your teams and of your own.

        The oldest comes first unless asked otherwise.
        """
        wanted = SecretFilter(words=q, scope=scope, team_id=team_id)
        found = await secrets.browse(subject, wanted, Asked(sort, limit, cursor))
        return found.page([_read(row) for row in found.rows])

    @routes.delete(
        "/{secret_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("secrets:write")],
        responses=documented(OrganizationNotFound, SecretNotFound),
    )
    async def delete_secret(secret_id: SecretId, subject: CurrentSubject) -> None:
        """Remove a secret."""
        await secrets.drop(subject, secret_id)

    return routes


def _read(row: Secret) -> SecretRead:
    return SecretRead(
        id=row.id,
        name=row.name,
        scope=Scope(level_of(row.team_id, row.user_id)),
        team_id=row.team_id,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
