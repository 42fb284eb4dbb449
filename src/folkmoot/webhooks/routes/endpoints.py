"""REST endpoints for the addresses that are told what happens."""

from datetime import timedelta
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter

from folkmoot.http.access import PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.openapi_examples import FORMATS
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.ids import WebhookId
from folkmoot.kit.outbound.errors import Unreachable
from folkmoot.kit.page import Asked, Page
from folkmoot.webhooks import examples, service, types
from folkmoot.webhooks.errors import (
    TooManyWebhooks,
    WebhookEventsUnknown,
    WebhookNotFound,
    WebhookOpen,
)
from folkmoot.webhooks.payloads import Envelope
from folkmoot.webhooks.schemas import (
    WebhookCreate,
    WebhookCreated,
    WebhookEventType,
    WebhookEventTypes,
    WebhookRead,
    WebhookRotated,
    WebhookRotation,
    WebhookUpdate,
)
from folkmoot.webhooks.service import Webhooks

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "url", "-url"]

READ: Final = require("webhooks:read")
WRITE: Final = require("webhooks:write")
MISSING: Final = documented(OrganizationNotFound, WebhookNotFound)
UNFIT: Final = (WebhookOpen, WebhookEventsUnknown, Unreachable)


def router(hooks: Webhooks) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/webhooks",
        tags=["webhooks"],
        route_class=Idempotent,
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )
    _add_reading(routes)
    _add_making(routes, hooks)
    _add_ending(routes, hooks)
    return routes


def kinds() -> APIRouter:
    """Return the route that tells what there is to be told of."""
    routes = APIRouter(
        prefix="/webhook-event-types",
        tags=["webhooks"],
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )

    @routes.get("", dependencies=[READ])
    async def list_webhook_event_types() -> WebhookEventTypes:
        """List the kinds of events, each with an example of what is sent."""
        return WebhookEventTypes(items=[_described(each) for each in types.ALL], next_cursor=None)

    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.get("", dependencies=[READ])
    async def list_webhooks(
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[WebhookRead]:
        """List the webhooks of your organisation."""
        found = await service.browse(work, q, Asked(sort, limit, cursor))
        return found.page([WebhookRead.model_validate(row) for row in found.rows])

    @routes.get("/{webhook_id}", dependencies=[READ], responses=MISSING)
    async def read_webhook(webhook_id: WebhookId, work: OpenWork, etags: Etags) -> WebhookRead:
        """Read one webhook."""
        shown = WebhookRead.model_validate(await service.get(work, webhook_id))
        etags.show(shown)
        return shown


def _add_making(routes: APIRouter, hooks: Webhooks) -> None:
    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[WRITE],
        responses=documented(OrganizationNotFound, TooManyWebhooks, *UNFIT),
    )
    async def create_webhook(data: WebhookCreate, work: OpenWork) -> WebhookCreated:
        """Have an address told what happens. Its secret is shown this once."""
        hook, secret = await hooks.create(work, data)
        shown = WebhookRead.model_validate(hook)
        return WebhookCreated(**shown.model_dump(), secret=secret)

    @routes.patch(
        "/{webhook_id}",
        dependencies=[WRITE],
        responses=documented(OrganizationNotFound, WebhookNotFound, *UNFIT),
    )
    async def update_webhook(
        webhook_id: WebhookId, data: WebhookUpdate, work: OpenWork, etags: Etags
    ) -> WebhookRead:
        """Change a webhook, or switch it on or off."""
        hook = await hooks.update(work, webhook_id, data, etags.demand)
        shown = WebhookRead.model_validate(hook)
        etags.show(shown)
        return shown


def _add_ending(routes: APIRouter, hooks: Webhooks) -> None:
    @routes.post("/{webhook_id}/rotate-secret", dependencies=[WRITE], responses=MISSING)
    async def rotate_webhook_secret(
        webhook_id: WebhookId, data: WebhookRotation, work: OpenWork
    ) -> WebhookRotated:
        """Give a webhook a new secret, which is shown this once.

        For a while messages are signed with both, so that a receiver can change over.
        """
        overlap = timedelta(hours=data.overlap_hours)
        hook, secret = await hooks.rotate(work, webhook_id, overlap)
        shown = WebhookRead.model_validate(hook)
        return WebhookRotated(**shown.model_dump(), secret=secret)

    @routes.delete(
        "/{webhook_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[WRITE],
        responses=MISSING,
    )
    async def delete_webhook(webhook_id: WebhookId, work: OpenWork, etags: Etags) -> None:
        """Remove a webhook, with everything that waits for it."""
        await service.remove(work, webhook_id, etags.demand)


def _described(kind: types.EventType) -> WebhookEventType:
    shown = Envelope.model_validate(
        {
            "type": kind.name,
            "timestamp": FORMATS["date-time"],
            "organization_id": FORMATS["uuid"],
            "data": examples.of(kind),
        }
    )
    return WebhookEventType(
        name=kind.name, description=kind.means, example=shown.model_dump(mode="json")
    )
