"""REST endpoints for service accounts and their API keys."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import (
    ApiKeyNotFound,
    ExpiryPassed,
    ExpiryTooLate,
    NotSignedIn,
    OrganizationNotFound,
    RoleTooHigh,
    ScopeTooWide,
    ServiceAccountNotFound,
)
from folkmoot.identity.programs import service_accounts
from folkmoot.identity.programs.programs import (
    ServiceAccountCreate,
    ServiceAccountRead,
    ServiceAccountUpdate,
)
from folkmoot.identity.routes.api_keys import Sort
from folkmoot.identity.routes.client import NOT_STORED
from folkmoot.identity.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyRead
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import ApiKeyId, OrgId, UserId
from folkmoot.kit.page import Asked, Page

READ: Final = require("service_accounts:read")
WRITE: Final = require("service_accounts:write")


def router(identity: Identity) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/organizations/{organization_id}/service-accounts",
        tags=["service accounts"],
        route_class=Idempotent,
        responses=documented(
            NotSignedIn,
            PermissionDenied,
            RoleTooHigh,
            OrganizationNotFound,
            TeamNotFound,
            ServiceAccountNotFound,
        ),
    )
    _add_reading(routes)
    _add_changes(routes, identity)
    _add_keys(routes, identity)
    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.get("", dependencies=[READ])
    async def list_service_accounts(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[ServiceAccountRead]:
        """List an organisation's service accounts, the oldest first unless asked otherwise."""
        found = await service_accounts.browse(work, Asked(sort, limit, cursor), words=q)
        return found.page(await service_accounts.read(work, found.rows))

    @routes.get("/{service_account_id}", dependencies=[READ])
    async def read_service_account(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        service_account_id: UserId,
        work: OpenWork,
        etags: Etags,
    ) -> ServiceAccountRead:
        """Read one service account."""
        shown = await service_accounts.get(work, service_account_id)
        etags.show(shown)
        return shown


def _add_changes(routes: APIRouter, identity: Identity) -> None:
    @routes.post("", status_code=HTTPStatus.CREATED, dependencies=[WRITE])
    async def create_service_account(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        data: ServiceAccountCreate,
        work: OpenWork,
    ) -> ServiceAccountRead:
        """Make a member that is a program. It acts by the API keys that you make for it.

        It belongs to the organisation and stays when you leave.
        """
        return await service_accounts.create(work, data)

    @routes.patch("/{service_account_id}", dependencies=[WRITE])
    async def update_service_account(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        service_account_id: UserId,
        data: ServiceAccountUpdate,
        subject: CurrentSubject,
        etags: Etags,
    ) -> ServiceAccountRead:
        """Rename a service account, change its role, or disable it within five seconds."""
        async with identity.changing(subject) as work:
            shown = await service_accounts.update(work, service_account_id, data, etags.demand)
        etags.show(shown)
        return shown

    @routes.delete("/{service_account_id}", status_code=HTTPStatus.NO_CONTENT, dependencies=[WRITE])
    async def delete_service_account(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        service_account_id: UserId,
        subject: CurrentSubject,
        etags: Etags,
    ) -> None:
        """Delete a service account with its keys and its places in teams."""
        async with identity.changing(subject) as work:
            await service_accounts.delete(work, service_account_id, etags.demand)


def _add_keys(routes: APIRouter, identity: Identity) -> None:
    @routes.post(
        "/{service_account_id}/api-keys",
        status_code=HTTPStatus.CREATED,
        dependencies=[WRITE, NOT_STORED],
        responses=documented(
            PermissionDenied, RoleTooHigh, ScopeTooWide, ExpiryTooLate, ExpiryPassed
        ),
    )
    async def create_service_account_key(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        service_account_id: UserId,
        data: ApiKeyCreate,
        work: OpenWork,
    ) -> ApiKeyCreated:
        """Make a key that acts for a service account. It is shown this once.

        It may do no more than you may. Made with a key it is revoked together with that one.
        """
        key, secret = await service_accounts.create_key(work, service_account_id, data)
        shown = ApiKeyRead.model_validate(key)
        return ApiKeyCreated(**shown.model_dump(), key=secret)

    @routes.get("/{service_account_id}/api-keys", dependencies=[READ])
    async def list_service_account_keys(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        service_account_id: UserId,
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[ApiKeyRead]:
        """List the keys of a service account."""
        asked = Asked(sort, limit, cursor)
        found = await service_accounts.browse_keys(work, service_account_id, asked, words=q)
        return found.page([ApiKeyRead.model_validate(row) for row in found.rows])

    @routes.delete(
        "/{service_account_id}/api-keys/{service_account_key_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[WRITE],
        responses=documented(
            OrganizationNotFound, TeamNotFound, ServiceAccountNotFound, ApiKeyNotFound
        ),
    )
    async def revoke_service_account_key(
        organization_id: OrgId,  # noqa: ARG001 - authentication has followed it
        service_account_id: UserId,
        service_account_key_id: ApiKeyId,
        subject: CurrentSubject,
    ) -> None:
        """Revoke a key of a service account. It counts for nothing within five seconds."""
        async with identity.changing(subject) as work:
            await service_accounts.revoke_key(work, service_account_id, service_account_key_id)
