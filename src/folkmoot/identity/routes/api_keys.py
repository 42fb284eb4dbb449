"""REST endpoints for API keys."""

from http import HTTPStatus
from typing import Literal

from fastapi import APIRouter

from folkmoot.http.access import CurrentSubject, PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    ApiKeyNotFound,
    ExpiryPassed,
    ExpiryTooLate,
    NotSignedIn,
    OrganizationNotFound,
    ScopeTooWide,
)
from folkmoot.identity.programs import api_keys
from folkmoot.identity.routes.client import NOT_STORED
from folkmoot.identity.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRead
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import ApiKeyId, UserId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at", "name", "-name"]


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api-keys",
        tags=["api keys"],
        route_class=Idempotent,
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )

    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[require("api_keys:write"), NOT_STORED],
        responses=documented(PermissionDenied, ScopeTooWide, ExpiryTooLate, ExpiryPassed),
    )
    async def create_api_key(data: ApiKeyCreate, work: OpenWork) -> ApiKeyCreated:
        """Make a key that acts for you in this organisation. It is shown this once.

        Made with another key it stays within that one, and is revoked together with it.
        """
        key, secret = await api_keys.create(work, data)
        shown = ApiKeyRead.model_validate(key)
        return ApiKeyCreated(**shown.model_dump(), key=secret)

    @routes.get("", dependencies=[require("api_keys:read")])
    async def list_api_keys(
        work: OpenWork,
        q: PageWords = None,
        user_id: UserId | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[ApiKeyRead]:
        """List your keys in this organisation, or everybody's if you manage them.

        The oldest comes first unless asked otherwise.
        """
        asked = Asked(sort, limit, cursor)
        found = await api_keys.browse(work, asked, words=q, user_id=user_id)
        return found.page([ApiKeyRead.model_validate(row) for row in found.rows])

    @routes.delete(
        "/{api_key_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("api_keys:write")],
        responses=documented(OrganizationNotFound, ApiKeyNotFound),
    )
    async def revoke_api_key(api_key_id: ApiKeyId, subject: CurrentSubject) -> None:
        """Revoke a key and those made with it. They count for nothing within five seconds."""
        await identity.revoke_key(subject, api_key_id)

    return routes
