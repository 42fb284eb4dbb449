"""How streams of events stand in the API's description."""

from typing import Any, Final

MEDIA_TYPE: Final = "text/event-stream"

LAST_EVENT_ID: Final[dict[str, Any]] = {"type": "string", "pattern": "^[0-9]{0,9}$"}
"""The schema of the header; empty is as good as absent."""


def event_stream(example: str) -> dict[str, Any]:
    """Return the content of an answer that is a stream of numbered JSON events.

    OpenAPI 3.1 has no way to tell a stream from its events; here the schema is that of each event.
    """
    return {
        MEDIA_TYPE: {
            "schema": {
                "title": "One event of the stream",
                "type": "object",
                "properties": {
                    "id": {"type": "string", "pattern": "^[0-9]+$"},
                    "data": {
                        "type": "string",
                        "contentMediaType": "application/json",
                        "contentSchema": {"type": "object"},
                    },
                },
                "required": ["id", "data"],
            },
            "examples": {"stream": {"summary": "The stream as it is sent", "value": example}},
        }
    }
