"""What the routes of webhooks take in and give out."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field, StringConstraints

from folkmoot.kit.ids import WebhookDeliveryId, WebhookEventId, WebhookId
from folkmoot.kit.schema import Schema
from folkmoot.webhooks.models import DeliveryState, Ended
from folkmoot.webhooks.payloads import Envelope

PATTERN: Final = r"^(\*|[a-z_]+\.(\*|[a-z_]+))$"
OVERLAP: Final = 24
"""Hours for which a secret counts beside the one that replaces it, unless somebody says more."""

Url = Annotated[str, Field(min_length=1, max_length=2_048)]
Pattern = Annotated[str, StringConstraints(pattern=PATTERN, max_length=100)]
Patterns = Annotated[list[Pattern], Field(min_length=1, max_length=50)]
Description = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]


class Input(Schema):
    """What comes in has the fields that are named here and no others."""

    model_config = ConfigDict(extra="forbid")


class WebhookCreate(Input):
    """An address, and what it is to be told."""

    url: Url = Field(
        description="Begins with https://, unless the operator has listed the place as private.",
        examples=["https://example.com/hooks"],
    )
    events: Patterns = Field(
        description="Kinds of events: `run.completed`, `run.*` for all of runs, `*` for all.",
        examples=[["run.*", "document.ready"]],
    )
    description: Description = Field(default="", examples=["Tells the ticket system."])
    enabled: bool = True


class WebhookUpdate(Input):
    """What is left out stays as it is."""

    url: Url | None = Field(default=None, examples=["https://example.com/hooks"])
    events: Patterns | None = Field(default=None, examples=[["run.*"]])
    description: Description | None = None
    enabled: bool | None = Field(
        default=None,
        description="While it is off nothing is noted for it; what waits goes on afterwards.",
    )


class WebhookRotation(Input):
    """How long the old secret counts beside the new one: messages have two signatures."""

    overlap_hours: Annotated[int, Field(ge=0, le=168)] = OVERLAP


class WebhookTest(Input):
    """Of which kind the example is."""

    type: Annotated[str, Field(max_length=100)] = Field(
        default="run.completed", examples=["run.completed"]
    )


class WebhookRead(Schema):
    model_config = ConfigDict(from_attributes=True)

    id: WebhookId
    url: str = Field(examples=["https://example.com/hooks"])
    events: list[str] = Field(examples=[["run.*", "document.ready"]])
    description: str = Field(examples=["Tells the ticket system."])
    enabled: bool
    ended: Ended | None = Field(
        description="Why it was switched off by itself: the receiver said that it is gone (410), or"
        " has failed for days.",
        examples=[None],
    )
    failing_since: datetime | None = Field(
        description="Since when nothing has got through.", examples=[None]
    )
    previous_until: datetime | None = Field(
        description="Until when messages are signed with the secret before this one, too.",
        examples=[None],
    )
    created_at: datetime
    updated_at: datetime


class WebhookSecret(Schema):
    """The secret that messages are signed with; it is shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class WebhookCreated(WebhookRead, WebhookSecret):
    """A webhook, and its secret."""


class WebhookRotated(WebhookRead, WebhookSecret):
    """A webhook, and its new secret."""


class WebhookEventType(Schema):
    """A kind of event."""

    name: str = Field(examples=["run.completed"])
    description: str = Field(examples=["A run has come to its good end."])
    example: dict[str, Any] = Field(
        description="What the body of such a message may be.",
        examples=[{"type": "run.completed", "data": {}}],
    )


class WebhookEventTypes(Schema):
    """All kinds of events."""

    items: list[WebhookEventType]
    next_cursor: None = Field(description="There are no more.")


class WebhookAttempt(Schema):
    """One attempt: the status that was answered, or why there was none."""

    at: datetime
    status: int | None = Field(examples=[200])
    error: str | None = Field(
        description="`address_unreachable`: no such place, no answer in time, or a place that may"
        " not be reached; nobody learns which.",
        examples=[None],
    )


class WebhookDeliveryRead(Schema):
    """An event on its way to a webhook."""

    id: WebhookDeliveryId
    event_id: WebhookEventId = Field(
        description="Sent as `webhook-id`, the same each time that the event is sent."
    )
    type: str = Field(examples=["run.completed"])
    state: DeliveryState
    attempts: list[WebhookAttempt] = Field(description="The last ones, the newest last.")
    next_attempt_at: datetime | None = Field(
        description="Not before then, if it is pending.", examples=[None]
    )
    created_at: datetime
    finished_at: datetime | None


class WebhookDeliveryDetails(WebhookDeliveryRead):
    """The same, with what is sent."""

    payload: Envelope
