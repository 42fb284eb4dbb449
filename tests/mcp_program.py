"""An MCP server that is a program: it speaks over its standard input and output."""

import os
import sys

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

READS = ToolAnnotations(read_only_hint=True)
server = MCPServer("Shelf", version="1.0.0")


@server.tool(annotations=READS)
async def around() -> str:
    """Tells what it sees of where it runs."""
    return "\n".join(f"{name}={value}" for name, value in sorted(os.environ.items()))


@server.tool(annotations=READS)
async def leave() -> str:
    """Dies."""
    sys.stderr.write("I saw the shelf fall.\n")
    sys.stderr.flush()
    os._exit(3)


if __name__ == "__main__":
    server.run("stdio")
