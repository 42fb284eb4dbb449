"""What a server lists, bounded and made visible: no more than a person can look at.

What is kept of a tool is what a model would be told, without characters that nobody sees. Its
fingerprint is of what the server really said, so that a change which cannot be seen is one, too.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, cast

from pydantic import JsonValue

from folkmoot.kit import shape

MOST_TOOLS: Final = 200
LONGEST_NAME: Final = 128
LONGEST_DESCRIPTION: Final = 4_000
LARGEST_SCHEMA: Final = 32_000
"""Characters of its JSON text."""

HIDDEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
"""What shows nothing, or makes something else of what is shown."""
PRINTABLE: Final = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]+")

HINTS: Final = {
    "readOnlyHint": "read_only",
    "destructiveHint": "destructive",
    "idempotentHint": "idempotent",
    "openWorldHint": "open_world",
}
TOLD: Final = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
"""What makes a tool what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTool:
    """A tool as a server lists it. `hints` are what it says of itself, which proves nothing."""

    name: str
    description: str
    parameters: dict[str, JsonValue]
    hints: dict[str, bool]
    fingerprint: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The tools of a server by name, and how many more it lists that can not be used."""

    tools: Mapping[str, ListedTool]
    left_out: int


def taken(entries: Iterable[Mapping[str, Any]]) -> Listing:
    """Return what can be used of the tools that a server lists, as MCP's JSON values."""
    tools: dict[str, ListedTool] = {}
    left_out = 0
    for entry in entries:
        tool = _tool(entry) if len(tools) < MOST_TOOLS else None
        if tool is None or tool.name in tools:
            left_out += 1
        else:
            tools[tool.name] = tool
    return Listing(tools=tools, left_out=left_out)


def visible(text: str) -> str:
    """Return a text without what a person would not see."""
    return HIDDEN.sub("", text)


def _tool(entry: Mapping[str, Any]) -> ListedTool | None:
    name, schema = str(entry["name"]), entry["inputSchema"]
    description = visible(str(entry.get("description") or entry.get("title") or ""))
    if len(name) > LONGEST_NAME or not PRINTABLE.fullmatch(name) or HIDDEN.search(name):
        return None
    if len(description) > LONGEST_DESCRIPTION or len(json.dumps(schema)) > LARGEST_SCHEMA:
        return None
    parameters = cast(dict[str, JsonValue], _visible(schema))
    if parameters.get("type") != "object" or not shape.is_schema(parameters):
        return None
    annotations: Mapping[str, object] = entry.get("annotations") or {}
    return ListedTool(
        name=name,
        description=description,
        parameters=parameters,
        hints={
            ours: bool(annotations[theirs])
            for theirs, ours in HINTS.items()
            if isinstance(annotations.get(theirs), bool)
        },
        fingerprint=_fingerprint(entry),
    )


def _fingerprint(entry: Mapping[str, Any]) -> bytes:
    told = [entry.get(each) for each in TOLD]
    return sha256(json.dumps(told, sort_keys=True).encode()).digest()


def _visible(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, list):
        return [_visible(each) for each in value]
    if isinstance(value, dict):
        return {visible(name): _visible(each) for name, each in value.items()}
    return value
