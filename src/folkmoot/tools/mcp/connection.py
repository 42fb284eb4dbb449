"""One connection to an MCP server.

It lives in a task of its own, for the library's must be left where they were entered. Whoever asks
through it may be cancelled without taking it along, and is not held up by what becomes of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from functools import partial
from typing import Any, Final, TypeVar

from folkmoot.kit.outbound.client import Outbound
from folkmoot.tools.mcp import loading
from folkmoot.tools.mcp.errors import McpError, McpRefused, McpServerGone, McpServerTooSlow
from folkmoot.tools.mcp.listed import Listing
from folkmoot.tools.mcp.ports import Address, Offer, Peer

AT_ONCE: Final = 8
"""Calls that one connection makes at the same time; others wait for their turn."""
OPENING: Final = 8.0
LISTING: Final = 8.0
CLOSING: Final = 2.0

T = TypeVar("T")


class Connection:
    """A connection, begun at once and kept until it is closed or breaks.

    Attributes:
        users: How many have borrowed it.
        proven: Whether it has ever been of use.
        worn: Whether nobody should borrow it any more.
    """

    def __init__(self, address: Address, outbound: Outbound) -> None:
        self._address = address
        self._outbound = outbound
        self._stop = asyncio.Event()
        self._ready: asyncio.Future[Peer] = asyncio.get_running_loop().create_future()
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._asked: set[asyncio.Task[Any]] = set()
        self.users = 0
        self.proven = False
        self.worn = False
        # Nothing of whoever came first stays with it: no trace, no run.
        self._task = asyncio.create_task(self._live(), name="mcp connection", context=Context())
        self._task.add_done_callback(self._end)

    def on_end(self, tell: Callable[[], None]) -> None:
        """Have somebody told when it has ended."""
        self._task.add_done_callback(lambda _task: tell())

    async def about(self) -> Mapping[str, Any]:
        """Return what the server says of itself."""
        return (await self._peer()).about

    async def listing(self) -> Listing:
        """Return the server's tools as they are now."""
        peer = await self._peer()
        return await self._ask(peer.listing, LISTING)

    async def offer(self) -> Offer:
        """Return the server's prompts and resources."""
        peer = await self._peer()
        return await self._ask(peer.offer, LISTING)

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool; return its result as text."""
        peer, seconds = await self._peer(), self._address.seconds
        return await self._ask(partial(peer.call, name, arguments, seconds), seconds)

    def retire(self) -> None:
        """Close it; whoever waits for it is told that the server has gone."""
        self.worn = True
        if not self._stop.is_set():
            self._stop.set()
            asyncio.get_running_loop().call_later(CLOSING, self._task.cancel)

    async def closed(self) -> None:
        """Close it and wait until it is."""
        self.retire()
        await asyncio.wait({self._task, *self._asked})

    async def _peer(self) -> Peer:
        return await asyncio.shield(self._ready)

    async def _ask(self, answer: Callable[[], Awaitable[T]], seconds: float) -> T:
        """Await an answer; one that is late, or not wanted any more, wears the connection out.

        The library may hold up whoever cancels it: that is done in a task that nobody waits for.
        """
        asked = asyncio.create_task(self._in_turn(answer), context=Context())
        self._asked.add(asked)
        asked.add_done_callback(self._forget)
        try:
            done, _ = await asyncio.wait({asked}, timeout=seconds)
        finally:
            if not asked.done():
                self.worn = True
                asked.cancel()
        if not done:
            raise McpServerTooSlow(seconds)
        if asked.cancelled():
            raise McpServerGone
        return asked.result()

    async def _in_turn(self, answer: Callable[[], Awaitable[T]]) -> T:
        async with self._turns:
            try:
                result = await answer()
            except McpRefused:
                raise  # the server does as it should
            except McpError:
                self.worn = True
                raise
        self.proven = True
        return result

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._asked.discard(task)
        if not task.cancelled():
            task.exception()  # whoever asked may be gone

    async def _live(self) -> None:
        linking = await loading.linking()
        giving_up = asyncio.get_running_loop().call_later(OPENING, self._give_up)
        try:
            async with linking.linked(self._address, self._outbound) as peer:
                giving_up.cancel()
                if not self._ready.done():
                    self._ready.set_result(peer)
                    await self._stop.wait()
        finally:
            giving_up.cancel()

    def _give_up(self) -> None:
        """Wait no longer until it stands; what was begun is cleared away while nobody waits."""
        self._fail(McpServerGone())
        self._task.cancel()
        self.retire()

    def _end(self, task: asyncio.Task[None]) -> None:
        self.worn = True
        error = None if task.cancelled() else task.exception()
        self._fail(error if isinstance(error, McpError) else McpServerGone())
        for asked in self._asked:
            asked.cancel()

    def _fail(self, error: McpError) -> None:
        if not self._ready.done():
            self._ready.set_exception(error)
            self._ready.exception()  # nobody may be waiting
