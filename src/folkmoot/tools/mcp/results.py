"""What a tool's result is to a model: text.

This module imports the types of the protocol's own library and is loaded with it.
"""

from typing import Final

import mcp_types as types
import orjson

from folkmoot.tools.mcp.listed import visible

LONGEST: Final = 1_000_000
"""Characters that are looked at; a model is given far less."""


def text(result: types.CallToolResult) -> str:
    """Return a result as text; what is no text is named."""
    parts = [_part(each) for each in result.content]
    if not parts and result.structured_content is not None:
        parts = [orjson.dumps(result.structured_content).decode()]
    return visible("\n".join(parts)[:LONGEST])


def _part(block: types.ContentBlock) -> str:
    match block:
        case types.TextContent():
            return block.text
        case types.ImageContent() | types.AudioContent():
            return f"[{block.type}, {block.mime_type}, not shown]"
        case types.ResourceLink():
            return f"[resource {block.uri}: {block.name}]"
        case types.EmbeddedResource(resource=types.TextResourceContents() as embedded):
            return embedded.text
        case types.EmbeddedResource():
            return f"[resource {block.resource.uri}, not shown]"
