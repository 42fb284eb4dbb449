"""REST endpoints for what was sent to a webhook, and for sending it again."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from folkmoot.http.access import PermissionDenied, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.ids import WebhookDeliveryId, WebhookId
from folkmoot.kit.page import Asked, Page
from folkmoot.webhooks import deliveries
from folkmoot.webhooks.errors import (
    WebhookDeliveryNotFound,
    WebhookDisabled,
    WebhookEventsUnknown,
    WebhookNotFound,
)
from folkmoot.webhooks.models import DeliveryState
from folkmoot.webhooks.schemas import (
    Pattern,
    WebhookDeliveryDetails,
    WebhookDeliveryRead,
    WebhookTest,
)

Sort = Literal["created_at", "-created_at"]
Kind = Annotated[Pattern, Query(description="A kind of event, or several: `run.*`.")]

READ: Final = require("webhooks:read")
WRITE: Final = require("webhooks:write")
ONE: Final = "/{webhook_id}/deliveries/{delivery_id}"
NO_DELIVERY: Final = (OrganizationNotFound, WebhookNotFound, WebhookDeliveryNotFound)


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/webhooks",
        tags=["webhooks"],
        route_class=Idempotent,
        responses=documented(NotSignedIn, PermissionDenied, OrganizationNotFound),
    )
    _add_reading(routes)
    _add_sending(routes)
    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.get(
        "/{webhook_id}/deliveries",
        dependencies=[READ],
        responses=documented(OrganizationNotFound, WebhookNotFound),
    )
    async def list_webhook_deliveries(
        webhook_id: WebhookId,
        work: OpenWork,
        state: DeliveryState | None = None,
        type: Kind | None = None,  # noqa: A002 - the name in the query
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[WebhookDeliveryRead]:
        """List what was sent to a webhook and what waits, the newest first."""
        asked = Asked(sort, limit, cursor)
        found = await deliveries.browse(work, webhook_id, asked, state=state, pattern=type)
        return found.page([deliveries.read(row[0], row[1]) for row in found.rows])

    @routes.get(ONE, dependencies=[READ], responses=documented(*NO_DELIVERY))
    async def read_webhook_delivery(
        webhook_id: WebhookId, delivery_id: WebhookDeliveryId, work: OpenWork, etags: Etags
    ) -> WebhookDeliveryDetails:
        """Read one delivery, with what is sent."""
        shown = deliveries.details(*await deliveries.get(work, webhook_id, delivery_id))
        etags.show(shown)
        return shown


def _add_sending(routes: APIRouter) -> None:
    @routes.post(
        "/{webhook_id}/test",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=[WRITE],
        responses=documented(
            OrganizationNotFound, WebhookNotFound, WebhookDisabled, WebhookEventsUnknown
        ),
    )
    async def test_webhook(
        webhook_id: WebhookId, data: WebhookTest, work: OpenWork
    ) -> WebhookDeliveryRead:
        """Send a webhook an example; what it names is made up. Its delivery tells how it goes."""
        return await deliveries.try_out(work, webhook_id, data.type)

    @routes.post(
        f"{ONE}/redeliver",
        status_code=HTTPStatus.ACCEPTED,
        dependencies=[WRITE],
        responses=documented(*NO_DELIVERY, WebhookDisabled),
    )
    async def redeliver_webhook(
        webhook_id: WebhookId, delivery_id: WebhookDeliveryId, work: OpenWork
    ) -> WebhookDeliveryRead:
        """Send an event once more, under the same `webhook-id`."""
        return await deliveries.repeat(work, webhook_id, delivery_id)
