"""Looking names up, once for each connection, and connecting only to what was checked."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from folkmoot.kit.outbound import addresses
from folkmoot.kit.outbound.addresses import Address
from folkmoot.kit.outbound.errors import Unreachable
from folkmoot.kit.outbound.rules import Rules, host_of

if TYPE_CHECKING:
    from aiohttp.abc import ResolveResult

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
MOST: Final = 8
"""Addresses of a name that are tried."""


async def look_up(host: str, port: int) -> Sequence[str]:
    """Return the addresses that this machine knows a name by."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: the host it names and the addresses that may be connected to."""

    host: str
    port: int
    addresses: tuple[str, ...]


class CheckedResolver:
    """What the HTTP client asks for addresses: all that a name has must be allowed."""

    def __init__(self, rules: Rules, lookup: Lookup = look_up) -> None:
        self._rules = rules
        self._lookup = lookup

    async def find(self, url: str) -> Target:
        """Return where a URL leads, for clients that connect by themselves.

        They connect to one of the addresses and nothing else, and name the host in TLS.

        Raises:
            Unreachable: It leads nowhere, or where nobody may go.
        """
        parsed = self._rules.check(url)
        host, port = host_of(parsed), parsed.port or 0
        literal = addresses.parse(host)
        if literal is not None:
            return Target(host, port, (str(literal),))
        try:
            found = await self.checked(host, port)
        except OSError:
            raise Unreachable from None
        return Target(host, port, tuple(map(str, found)))

    async def checked(self, host: str, port: int) -> tuple[Address, ...]:
        """Return the addresses of a name.

        Raises:
            OSError: It has none, or one that may not be reached.
        """
        found = [addresses.parse(each) for each in (await self._lookup(host, port))[:MOST]]
        allowed = tuple(each for each in found if each and self._rules.allows(host, port, each))
        if not allowed or len(allowed) < len(found):
            raise OSError(socket.EAI_NONAME, "no address that may be reached")
        return allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> "list[ResolveResult]":
        """Answer the HTTP client; the family it would rather have is no matter."""
        del family
        return [
            {
                "hostname": host,
                "host": str(address),
                "port": port,
                "family": socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            }
            for address in await self.checked(host, port)
        ]

    async def close(self) -> None:
        """Nothing is held."""
