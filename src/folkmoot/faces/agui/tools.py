"""The tools of a client as they come in: `RunAgentInput.tools`.

Their schemas are told to models and not used here: values are not compared with them, so that they
are bounded in size and depth, and otherwise whatever the client makes of them.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw, Struct

from folkmoot.agents.content import DEEPEST_SCHEMA, LARGEST_SCHEMA
from folkmoot.agents.order import ClientTool
from folkmoot.faces.agui.decoding import NOTHING, decoded
from folkmoot.faces.agui.errors import InputInvalid
from folkmoot.kit import shape

MOST: Final = 64
LONGEST_NAME: Final = 64
NAME: Final = r"^[A-Za-z_][A-Za-z0-9_-]*\Z"
"""What every provider takes for the name of a function."""
LONGEST_DESCRIPTION: Final = 4_000
LARGEST: Final = 128_000
"""Bytes of all of them together: a model is told them each time it is asked."""


class IncomingTool(Struct):
    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=NAME)]
    description: Annotated[str, Meta(max_length=LONGEST_DESCRIPTION)] = ""
    parameters: Raw = NOTHING


Incoming = Annotated[list[IncomingTool], Meta(max_length=MOST)]
SCHEMA: Final[msgspec.json.Decoder[dict[str, Any] | None]] = msgspec.json.Decoder(
    dict[str, Any] | None
)
NOTHING_TAKEN: Final[Mapping[str, Any]] = {"type": "object", "properties": {}}


def read(incoming: Sequence[IncomingTool] | None) -> tuple[ClientTool, ...]:
    """Return the tools that a request brings along; nothing is none.

    Raises:
        InputInvalid: They are too large, no functions, or two of one name.
    """
    if not incoming:
        return ()
    if sum(map(_size, incoming)) > LARGEST:
        raise InputInvalid("/body/tools", f"They have {LARGEST} bytes at the most.")
    known = set[str]()
    for place, tool in enumerate(incoming):
        if tool.name in known:
            raise InputInvalid(f"/body/tools/{place}/name", "There is a tool with this name.")
        known.add(tool.name)
    return tuple(_tool(tool, f"/body/tools/{n}/parameters") for n, tool in enumerate(incoming))


def _size(tool: IncomingTool) -> int:
    return len(tool.name) + len(tool.description.encode()) + len(bytes(tool.parameters))


def _tool(tool: IncomingTool, pointer: str) -> ClientTool:
    if len(bytes(tool.parameters)) > LARGEST_SCHEMA:
        raise InputInvalid(pointer, f"A schema has {LARGEST_SCHEMA} bytes at the most.")
    schema = decoded(SCHEMA, tool.parameters, pointer) or {}
    if schema.get("type", "object") != "object":
        raise InputInvalid(f"{pointer}/type", "Arguments are an object.")
    if shape.is_deeper(schema, DEEPEST_SCHEMA):
        raise InputInvalid(pointer, f"A schema has {DEEPEST_SCHEMA} levels at the most.")
    return ClientTool(tool.name, tool.description, {**NOTHING_TAKEN, **schema})
