"""The connections of a process to MCP servers: few, shared, and gone when nobody needs them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from folkmoot.kit.ids import McpServerId, UserId
from folkmoot.kit.outbound.client import Outbound
from folkmoot.tools.mcp.connection import Connection
from folkmoot.tools.mcp.errors import McpConnectionsExhausted
from folkmoot.tools.mcp.ports import Address

MOST: Final = 64
IDLE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Key:
    """For whom a connection counts: a server may keep something of whoever it talks to.

    `credential` is a digest of what the server is told.
    """

    server_id: McpServerId
    revision: UUID
    user_id: UserId
    credential: bytes


class Connections:
    """The connections of a process.

    Args:
        outbound: The way out.
        most: How many there may be.
        idle: Seconds for which one is kept that nobody uses.
    """

    def __init__(self, outbound: Outbound, most: int = MOST, idle: float = IDLE) -> None:
        self._outbound = outbound
        self._most = most
        self._idle = idle
        self._kept: dict[Key, Connection] = {}
        self._leaving: set[Connection] = set()
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def borrowed(self, key: Key, address: Address) -> AsyncGenerator[Connection]:
        """Lend a connection, a new one if there is none.

        Raises:
            McpConnectionsExhausted: There are too many, and all are used.
        """
        connection = self._found(key, address)
        connection.users += 1
        try:
            yield connection
        finally:
            connection.users -= 1
            self._given_back(key, connection)

    @asynccontextmanager
    async def fresh(self, address: Address) -> AsyncGenerator[Connection]:
        """Lend a connection that nobody else uses, and close it afterwards."""
        self._make_room()
        connection = Connection(address, self._outbound)
        self._leaving.add(connection)
        connection.on_end(lambda: self._leaving.discard(connection))
        try:
            yield connection
        finally:
            connection.retire()

    async def aclose(self) -> None:
        """Close all."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        everyone = [*self._kept.values(), *self._leaving]
        for connection in everyone:
            connection.retire()
        for connection in everyone:
            await connection.closed()

    def __len__(self) -> int:
        """Return how many there are, also of those that are being closed."""
        return len(self._kept) + len(self._leaving)

    def _found(self, key: Key, address: Address) -> Connection:
        self._stop_timer(key)
        known = self._kept.get(key)
        if known is not None and not known.worn:
            return known
        if known is not None:
            self._let_go(key, known)
        self._make_room()
        made = self._kept[key] = Connection(address, self._outbound)
        made.on_end(lambda: self._ended(key, made))
        return made

    def _make_room(self) -> None:
        """Close the connection that has been idle for the longest if there are too many."""
        if len(self) < self._most:
            return
        idle = next((key for key, each in self._kept.items() if each.users == 0), None)
        if idle is None:
            raise McpConnectionsExhausted
        self._let_go(idle, self._kept[idle])

    def _given_back(self, key: Key, connection: Connection) -> None:
        if connection.users:
            return
        if self._kept.get(key) is not connection:
            connection.retire()
        elif connection.worn:
            self._let_go(key, connection)
        else:
            self._kept[key] = self._kept.pop(key)  # the last that has to go for want of room
            loop = asyncio.get_running_loop()
            self._timers[key] = loop.call_later(self._idle, self._let_go, key, connection)

    def _let_go(self, key: Key, connection: Connection) -> None:
        """Lend a connection no more; it is closed as soon as nobody uses it."""
        self._stop_timer(key)
        del self._kept[key]
        self._leaving.add(connection)
        connection.on_end(lambda: self._leaving.discard(connection))
        if connection.users == 0:
            connection.retire()

    def _ended(self, key: Key, connection: Connection) -> None:
        if self._kept.get(key) is connection:
            self._let_go(key, connection)

    def _stop_timer(self, key: Key) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
