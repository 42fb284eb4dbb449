"""Failures that webhooks can report."""

from collections.abc import Sequence

from folkmoot.kit.errors import Conflict, Invalid, NotFound


class WebhookNotFound(NotFound):
    code = "webhook_not_found"

    def __init__(self) -> None:
        super().__init__("Your organisation has no webhook with this id.")


class WebhookDeliveryNotFound(NotFound):
    code = "webhook_delivery_not_found"

    def __init__(self) -> None:
        super().__init__("This webhook has no delivery with this id.")


class WebhookEventsUnknown(Invalid):
    """Patterns that nothing would ever match are mistakes."""

    code = "webhook_events_unknown"

    def __init__(self, unknown: Sequence[str]) -> None:
        super().__init__("No kind of event is called like this.", unknown=[*unknown])


class WebhookOpen(Invalid):
    """What is sent in the open, everybody on the way can read."""

    code = "webhook_open"

    def __init__(self) -> None:
        super().__init__("The address has to begin with https://")


class WebhookDisabled(Conflict):
    code = "webhook_disabled"

    def __init__(self) -> None:
        super().__init__("The webhook is switched off.")


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"

    def __init__(self, most: int) -> None:
        super().__init__(f"An organisation can have {most} webhooks.", most=most)
