"""Clients of an application behind the edge, and a page on which its log lines land."""

import io
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
import structlog

from edge_app import LIMIT, application
from folkmoot.http.edge import EdgeOptions, edge
from folkmoot.kit.telemetry import logs
from serving import served


@pytest.fixture
def page() -> Iterator[io.BytesIO]:
    """Collect log lines."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    page = io.BytesIO()
    logs.configure(stream=page)
    yield page
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


class Clients:
    """Opens clients of the application behind an edge with some options."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(self, **options: Any) -> httpx.AsyncClient:
        guarded = edge(application(), EdgeOptions(body_limit=LIMIT, **options))
        address = await self._stack.enter_async_context(served(guarded))
        return await self._stack.enter_async_context(httpx.AsyncClient(base_url=address))


@pytest.fixture
async def open_client() -> AsyncIterator[Clients]:
    async with AsyncExitStack() as stack:
        yield Clients(stack)


@pytest.fixture(scope="module")
async def address() -> AsyncIterator[str]:
    """One server with the default options for all tests."""
    async with served(edge(application(), EdgeOptions(body_limit=LIMIT))) as address:
        yield address


@pytest.fixture
async def client(address: str, page: io.BytesIO) -> AsyncIterator[httpx.AsyncClient]:
    assert page.getvalue() == b""
    async with httpx.AsyncClient(base_url=address) as client:
        yield client
