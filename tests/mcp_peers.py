"""MCP servers to ask: the library's own over real HTTP, and some that mean harm."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import orjson
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from serving import served

PROGRAM = Path(__file__).with_name("mcp_program.py")
READS = ToolAnnotations(read_only_hint=True)
MIB = 1024 * 1024


@dataclass
class Peer:
    """A well-behaved server, what it was asked, and what it says besides."""

    server: MCPServer
    url: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list[tuple[str, Any]])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    more: str = ""

    def retell(self, name: str, description: str) -> None:
        """Describe a tool otherwise from now on."""
        self.server.remove_tool(name)
        self._add(name, description)

    def _add(self, name: str, description: str) -> None:
        async def find(words: str) -> str:
            self.calls.append((name, words))
            return f"Ticket 7 is about {words}.{self.more}"

        self.server.add_tool(find, name, description=description, annotations=READS)


def peer(name: str = "Tickets") -> Peer:
    """Return a server with a tool that reads, one that writes, and some that fail."""
    made = Peer(MCPServer(name, version="2.1.0"))
    made._add("find", "Finds tickets by words.")
    server = made.server

    @server.tool()
    async def close(number: int) -> str:
        """Closes a ticket."""
        made.calls.append(("close", number))
        return f"Ticket {number} is closed."

    @server.tool(annotations=READS)
    async def fail() -> str:
        """Fails."""
        raise ToolError("The shelf is empty.")

    @server.tool(annotations=READS)
    async def sleep() -> str:
        """Never returns."""
        made.calls.append(("sleep", None))
        await anyio.sleep_forever()
        return ""

    @server.tool(annotations=READS)
    async def shout() -> str:
        """Returns 50 MB."""
        return "A" * (50 * MIB)

    @server.prompt()
    def triage() -> str:
        """Sorts new tickets."""
        return "Sort them."

    @server.resource("tickets://open", name="Open tickets")
    def open_tickets() -> str:
        return "none"

    return made


@asynccontextmanager
async def peering(made: Peer, *, sse: bool = False) -> AsyncIterator[Peer]:
    """Serve a server over HTTP."""
    app = made.server.sse_app() if sse else made.server.streamable_http_app()

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            made.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
        await app(scope, receive, send)

    async with served(noted) as url:
        made.url = f"{url}/sse" if sse else f"{url}/mcp"
        yield made


Answer = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[str]:
    """Serve whatever a test wants to be answered with."""

    async def answered(request: Request) -> Response:
        return await answer(request)

    route = Route("/mcp", answered, methods=["GET", "POST", "DELETE"])
    async with served(Starlette(routes=[route])) as url:
        yield f"{url}/mcp"


Tools = list[dict[str, Any]]
SPEAKS: dict[str, Any] = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "Old", "version": "1"},
}
LOOK: dict[str, Any] = {
    "name": "look",
    "description": "Looks.",
    "inputSchema": {"type": "object", "properties": {"at": {"type": "string"}}},
    "annotations": {"readOnlyHint": True},
}


@dataclass
class Scripted:
    """A server of the protocol before 2026 that does what a test says.

    `instead` answers a method otherwise; `asked` are the methods it was asked for.
    """

    tools: Tools = field(default_factory=lambda: [LOOK])
    instead: dict[str, Answer] = field(default_factory=dict[str, Answer])
    asked: list[str] = field(default_factory=list[str])
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    async def __call__(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405)
        sent = orjson.loads(await request.body())
        method = str(sent["method"])
        self.asked.append(method)
        self.headers.append(dict(request.headers))
        if method in self.instead:
            return await self.instead[method](request)
        if "id" not in sent:
            return Response(status_code=202)
        results: dict[str, dict[str, Any]] = {
            "initialize": SPEAKS,
            "tools/list": {"tools": self.tools},
            "tools/call": {"content": [{"type": "text", "text": "Seen."}]},
        }
        if method not in results:
            return refused(sent, "No such method.", code=-32601)
        return replied(sent, results[method])


def replied(sent: dict[str, Any], result: dict[str, Any]) -> Response:
    """Return an answer of JSON-RPC."""
    return JSONResponse({"jsonrpc": "2.0", "id": sent["id"], "result": result})


def refused(sent: dict[str, Any], message: str, *, code: int = -32603) -> Response:
    """Return an error of JSON-RPC."""
    error = {"code": code, "message": message}
    return JSONResponse({"jsonrpc": "2.0", "id": sent["id"], "error": error})


async def hang(request: Request) -> Response:
    """Never answer, until the client goes."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()


async def die(_request: Request) -> Response:
    """Send half of an answer and cut it."""

    async def half() -> AsyncIterator[bytes]:
        yield b'{"jsonrpc": "2.0", "res'
        raise ConnectionResetError

    return StreamingResponse(half(), media_type="application/json")


async def flood(_request: Request) -> Response:
    """Answer with 50 MB of JSON."""

    async def pieces() -> AsyncIterator[bytes]:
        yield b'{"jsonrpc": "2.0", "id": 1, "result": {"text": "'
        for _ in range(50):
            yield b"A" * MIB
        yield b'"}}'

    return StreamingResponse(pieces(), media_type="application/json")
