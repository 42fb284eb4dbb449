"""Where a provider is and how it is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from pydantic import JsonValue

from folkmoot.llm.connection.transport import Call

EVENTS: Final = "text/event-stream"
LINES: Final = "application/x-ndjson"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider under its configured name; `headers` carry its key."""

    provider: str
    base_url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def post(
        self, model: str, path: str, body: Mapping[str, JsonValue], accept: str = JSON
    ) -> Call:
        return Call(
            model=f"{self.provider}:{model}",
            url=f"{self.base_url}{path}",
            body=msgspec.json.encode(body),
            headers={**self.headers, "Content-Type": JSON},
            accept=accept,
        )

    def get(self, path: str) -> Call:
        return Call(
            model=self.provider,
            url=f"{self.base_url}{path}",
            headers=self.headers,
            method="GET",
        )
