"""Connections to MCP servers by the protocol's own library.

This module imports that library and is therefore itself loaded late, by `loading`. Servers are
offered nothing of ours: no model to sample, no files, nobody to ask.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar

import anyio
import httpx2
import mcp.client
import mcp_types as types
from mcp import Client, MCPError
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from pydantic import ValidationError

from folkmoot.kit.outbound.client import Outbound
from folkmoot.tools.mcp import programs, results
from folkmoot.tools.mcp.errors import McpAnswerUnusable, McpError, McpRefused, McpServerGone
from folkmoot.tools.mcp.guarding import Guarded
from folkmoot.tools.mcp.listed import MOST_TOOLS, Listing, taken, visible
from folkmoot.tools.mcp.models import Transport
from folkmoot.tools.mcp.ports import Address, Offer

CLIENT: Final = types.Implementation(name="folkmoot", version="1")
CONNECTING: Final = 5.0
SILENCE: Final = 30.0
"""Seconds between two pieces of an answer, beyond the time that a call may take."""
PAGES: Final = 20
MOST_OFFERED: Final = 100
LONGEST_LINE: Final = 300
REDIRECTS: Final = 3
FAILURES: Final = (ExceptionGroup, httpx2.HTTPError, OSError, ValueError, RuntimeError)
"""How the library fails where a server does: its tasks raise what they meet."""

R = TypeVar("R")
E = TypeVar("E")
P = TypeVar("P", bound=types.PaginatedResult)


class ConnectedPeer:
    """A server that is connected."""

    def __init__(self, client: Client, guard: Guarded) -> None:
        self._client = client
        self._guard = guard

    @property
    def about(self) -> Mapping[str, Any]:
        """Name, version and protocol, as far as it tells."""
        info = self._client.server_info
        told = {"name": info.name, "version": info.version} if info else {}
        return {
            **{name: visible(value)[:LONGEST_LINE] for name, value in told.items()},
            "protocol": self._client.protocol_version,
        }

    async def listing(self) -> Listing:
        """Return its tools as they are now."""
        if self._client.server_capabilities.tools is None:
            return taken(())
        entries = await self._paged(
            lambda cursor: self._client.list_tools(cursor=cursor),
            lambda page: page.tools,
            MOST_TOOLS + 1,
        )
        return taken(
            each.model_dump(by_alias=True, mode="json", exclude_none=True) for each in entries
        )

    async def offer(self) -> Offer:
        """Return its prompts and resources, a hundred of each at the most."""
        has = self._client.server_capabilities
        prompts: Sequence[types.Prompt] = ()
        resources: Sequence[types.Resource] = ()
        if has.prompts is not None:
            prompts = await self._paged(
                lambda cursor: self._client.list_prompts(cursor=cursor),
                lambda page: page.prompts,
                MOST_OFFERED,
            )
        if has.resources is not None:
            resources = await self._paged(
                lambda cursor: self._client.list_resources(cursor=cursor),
                lambda page: page.resources,
                MOST_OFFERED,
            )
        prompts, resources = prompts[:MOST_OFFERED], resources[:MOST_OFFERED]
        return Offer(
            prompts=[(_line(each.name), _line(each.description)) for each in prompts],
            resources=[
                (_line(str(each.uri)), _line(each.name), each.mime_type and _line(each.mime_type))
                for each in resources
            ],
        )

    async def _paged(
        self, ask: Callable[[str | None], Awaitable[P]], within: Callable[[P], list[E]], most: int
    ) -> Sequence[E]:
        """Return what stands on the pages that a server gives, until it is enough."""
        found: list[E] = []
        cursor: str | None = None
        for _ in range(PAGES):
            page = await self._asked(ask(cursor))
            found += within(page)
            cursor = page.next_cursor
            if cursor is None or len(found) >= most:
                break
        return found

    async def call(self, name: str, arguments: Mapping[str, Any], seconds: float) -> str:
        """Call a tool; return its result as text.

        What a tool says of the shape of its results is not looked at: checking it would let a
        server choose what this process computes.
        """
        request = types.CallToolRequest(
            params=types.CallToolRequestParams(name=name, arguments=dict(arguments))
        )
        result = await self._asked(
            self._client.session.send_request(
                request, types.CallToolResult, request_read_timeout_seconds=seconds
            )
        )
        text = results.text(result)
        if result.is_error:
            raise McpRefused(text)
        return text

    async def _asked(self, answer: Awaitable[R]) -> R:
        try:
            return await answer
        except MCPError as error:
            raise meaning(error, self._guard.trouble) from None
        except (ValidationError, RuntimeError, ValueError):
            raise McpAnswerUnusable("it is not what the protocol demands") from None
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            raise McpServerGone from None


@asynccontextmanager
async def linked(address: Address, outbound: Outbound) -> AsyncGenerator[ConnectedPeer]:
    """Connect to a server for as long as the block lasts, in one task.

    Raises:
        McpError: It can not be reached, does not speak the protocol, or has gone.
    """
    events = address.transport == Transport.SSE
    guard = Guarded(outbound, ("GET", "POST") if events else ("POST",))
    try:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(guard.aclose)
            client = Client(
                await _transport(stack, address, guard),
                mode="legacy" if events else "auto",
                cache=None,
                client_info=CLIENT,
                read_timeout_seconds=address.seconds,
            )
            yield ConnectedPeer(await stack.enter_async_context(client), guard)
    except MCPError as error:
        raise meaning(error, guard.trouble) from None
    except FAILURES:
        raise guard.trouble or McpServerGone() from None


async def _transport(
    stack: AsyncExitStack, address: Address, guard: Guarded
) -> mcp.client.Transport:
    patience = httpx2.Timeout(CONNECTING, read=address.seconds + SILENCE)

    def http(
        headers: dict[str, str] | None = None,
        timeout: httpx2.Timeout | None = None,
        auth: httpx2.Auth | None = None,
    ) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            transport=guard,
            headers={"Accept-Encoding": "identity", "User-Agent": "folkmoot", **(headers or {})},
            timeout=timeout or patience,
            auth=auth,
            trust_env=False,
            max_redirects=REDIRECTS,
        )

    headers = dict(address.headers)
    match address.transport:
        case Transport.HTTP:
            client = await stack.enter_async_context(http(headers))
            return streamable_http_client(address.url, http_client=client)
        case Transport.SSE:
            return sse_client(address.url, headers, CONNECTING, httpx_client_factory=http)
        case Transport.STDIO:
            return programs.started(address, guard)


def meaning(error: MCPError, trouble: McpError | None) -> McpError:
    """Return what an error of the protocol means."""
    if trouble is not None:
        return trouble
    if error.code == types.CONNECTION_CLOSED:
        return McpServerGone()
    return McpRefused(visible(error.message))


def _line(text: str | None) -> str:
    return " ".join(visible(text or "").split())[:LONGEST_LINE]
