"""What receivers are sent, as the description of the API tells it (OpenAPI 3.1, `webhooks`)."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field, create_model

from folkmoot.webhooks.payloads import Envelope
from folkmoot.webhooks.types import ALL, EventType

ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    204: {"description": "You have it; any other status from 200 to 299 says the same."},
    410: {"description": "You want nothing more: the webhook is switched off."},
    "default": {"description": "You do not have it: it is sent again later."},
}
SENT: Final = (
    ("webhook-id", "The event's id, the same each time that it is sent."),
    ("webhook-timestamp", "When this message was signed, in seconds since 1970."),
    ("webhook-signature", "Signatures of id, timestamp and body, with spaces between them."),
)


def describe(webhooks: APIRouter) -> None:
    """Describe each kind of message."""
    for kind in ALL:
        webhooks.add_api_route(
            kind.name,
            _receiver(_message(kind)),
            methods=["POST"],
            status_code=HTTPStatus.NO_CONTENT,
            operation_id=kind.name,
            summary=kind.name,
            description=kind.means,
            tags=["webhooks"],
            responses=ANSWERS,
            openapi_extra={"parameters": [_header(name, means) for name, means in SENT]},
        )


def _message(kind: EventType) -> type[BaseModel]:
    name = "".join(part.capitalize() for part in kind.name.replace("_", ".").split("."))
    type_ = Field(examples=[kind.name], json_schema_extra={"const": kind.name})
    return create_model(
        f"{name}Message", __base__=Envelope, type=(str, type_), data=(kind.data, ...)
    )


def _receiver(message: type[BaseModel]) -> Any:  # noqa: ANN401 - what FastAPI reads annotations of
    async def receive(body: Any) -> None:  # noqa: ANN401 - annotated below
        """Stand for the receiver; nothing calls it."""

    receive.__annotations__["body"] = message
    return receive


def _header(name: str, means: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "schema": {"type": "string"},
        "description": means,
    }
