"""The way out for the library that speaks MCP: every request goes where it may, and no further.

This module imports the HTTP client of that library and is loaded with it.
"""

import ssl
from collections.abc import AsyncIterator, Collection
from functools import cache
from http import HTTPStatus
from typing import Final

import httpx2

from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.outbound.errors import Unreachable
from folkmoot.tools.mcp.errors import McpAnswerUnusable, McpCredentialRefused, McpError

LARGEST: Final = 4 * 1024 * 1024
"""Bytes of one answer."""
LONGEST_STREAM: Final = 32 * 1024 * 1024
"""Bytes of one stream of events; it is opened again after that."""
STREAM: Final = "text/event-stream"
REFUSED: Final = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


class Guarded(httpx2.AsyncBaseTransport):
    """Looks names up by the guard, connects to what it has checked, and reads no more than it may.

    Args:
        outbound: The way out.
        asking: Methods without whose answers nothing can be done.

    Attributes:
        trouble: What was wrong with an answer, if anything was.
    """

    def __init__(self, outbound: Outbound, asking: Collection[str] = ("POST",)) -> None:
        self._outbound = outbound
        self._asking = asking
        self._inner = httpx2.AsyncHTTPTransport(
            verify=_trusted(), trust_env=False, limits=httpx2.Limits(max_connections=16)
        )
        self.trouble: McpError | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request to the address that was checked, under the name that was asked for."""
        try:
            target = await self._outbound.find(str(request.url))
        except Unreachable:
            raise httpx2.ConnectError("no such place", request=request) from None
        response = await self._reach(request, target.host, target.addresses)
        if response.status_code in REFUSED and request.method in self._asking:
            self.trouble = McpCredentialRefused()
        return await self._bounded(response)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _reach(
        self, request: httpx2.Request, host: str, addresses: tuple[str, ...]
    ) -> httpx2.Response:
        """Try the addresses of a host one after the other; TLS is told the host's name."""
        *others, last = addresses
        for address in others:
            try:
                return await self._inner.handle_async_request(_aimed(request, host, address))
            except httpx2.ConnectError:
                continue
        return await self._inner.handle_async_request(_aimed(request, host, last))

    async def _bounded(self, response: httpx2.Response) -> httpx2.Response:
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        if packed != "identity":
            await response.aclose()
            self.trouble = McpAnswerUnusable("it is packed, which nobody has asked for")
            raise httpx2.ReadError("packed")
        if not isinstance(response.stream, httpx2.AsyncByteStream):
            raise httpx2.ReadError("no stream")
        is_stream = response.headers.get("content-type", "").lower().startswith(STREAM)
        return httpx2.Response(
            response.status_code,
            headers=response.headers,
            stream=Bounded(self, response.stream, LONGEST_STREAM if is_stream else LARGEST),
            extensions=response.extensions,
        )


class Bounded(httpx2.AsyncByteStream):
    """A body that ends with an error where it becomes too long."""

    def __init__(self, guard: Guarded, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._guard = guard
        self._stream = stream
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the body's pieces."""
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                self._guard.trouble = McpAnswerUnusable("it is too large")
                raise httpx2.ReadError("too large")
            yield piece

    async def aclose(self) -> None:
        """Let go of the answer."""
        await self._stream.aclose()


def _aimed(request: httpx2.Request, host: str, address: str) -> httpx2.Request:
    """Return the same request for one address; its header goes on naming the host."""
    return httpx2.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )


@cache
def _trusted() -> ssl.SSLContext:
    """Return whose certificates count; reading them takes longer than a request."""
    return ssl.create_default_context()
