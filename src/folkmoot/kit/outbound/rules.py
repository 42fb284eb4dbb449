"""What may be reached: URLs before anything is looked up, addresses after it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from folkmoot.kit.outbound import addresses
from folkmoot.kit.outbound.addresses import Address, Network
from folkmoot.kit.outbound.errors import Unreachable

if TYPE_CHECKING:
    from yarl import URL

LONGEST: Final = 2048
"""Characters of a URL."""
WEB_PORTS: Final = (80, 443)
FIRST_FREE_PORT: Final = 1024
"""Below are the ports of other services, which a request may be mistaken by."""
SCHEMES: Final = {"http", "https"}
NAME: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)\.?")
"""The last label of what a resolver may take for an address in a spelling of its own."""


@dataclass(frozen=True, slots=True)
class Place:
    """A host that a deployment trusts although it is not public: its own, by name or network."""

    host: str
    port: int | None = None
    network: Network | None = None

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read `name`, `name:port`, an address with or without a port, or a network.

        Raises:
            ValueError: It is none of them.
        """
        host, port = _split(text.strip().lower())
        try:
            return cls(host, port, ip_network(host))
        except ValueError:
            if not NAME.fullmatch(host):
                message = f"{text!r} names no host."
                raise ValueError(message) from None
            return cls(host.rstrip("."), port)

    def holds(self, host: str, port: int, address: Address | None) -> bool:
        """Whether a host, or an address it was found at, is this place."""
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return host == self.host
        return address is not None and address in self.network


def _split(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        text = f":{rest.removeprefix(':')}" if rest else ""
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
        text = f":{port}"
    else:
        return text, None
    return host, int(text[1:]) if text else None


@dataclass(frozen=True, slots=True)
class Rules:
    """What a deployment lets its requests reach.

    Attributes:
        private: Places besides the public Internet.
        ports: The only ports; empty means the web's and those that are nobody's.
    """

    private: tuple[Place, ...] = ()
    ports: frozenset[int] = frozenset()

    @classmethod
    def of(cls, private: Iterable[str] = (), ports: Iterable[int] = ()) -> "Rules":
        """Read rules as they are written in a configuration."""
        return cls(tuple(map(Place.parse, private)), frozenset(ports))

    def check(self, url: str) -> "URL":
        """Return a URL that may be tried; what its name stands for is not known yet.

        Raises:
            Unreachable: It is not of the web, or names a place that is not public.
        """
        parsed = parse(url)
        host, port = host_of(parsed), parsed.port or 0
        address = addresses.parse(host)
        if address is None and NUMBER.fullmatch(host.rsplit(".", 1 + host.endswith("."))[-1]):
            raise Unreachable
        if any(place.holds(host, port, address) for place in self.private):
            return parsed
        if not self._allows_port(port) or (
            address is not None and not addresses.is_public(address)
        ):
            raise Unreachable
        return parsed

    def is_own(self, url: str) -> bool:
        """Whether a URL names a place that the deployment has listed as its own.

        Raises:
            Unreachable: It is no URL of the web.
        """
        parsed = parse(url)
        host = host_of(parsed)
        address = addresses.parse(host)
        return any(place.holds(host, parsed.port or 0, address) for place in self.private)

    def allows(self, host: str, port: int, address: Address) -> bool:
        """Whether what a host was found at may be connected to."""
        name = host.lower().rstrip(".")
        if any(place.holds(name, port, address) for place in self.private):
            return True
        return self._allows_port(port) and addresses.is_public(address)

    def _allows_port(self, port: int) -> bool:
        if self.ports:
            return port in self.ports
        return port in WEB_PORTS or port >= FIRST_FREE_PORT


def parse(url: str) -> "URL":
    """Read a URL of the web by the library that will also send the request.

    Raises:
        Unreachable: It is none, or has a name and a password in it.
    """
    if len(url) > LONGEST or not url.isprintable() or "\\" in url:
        raise Unreachable
    try:
        parsed: URL = import_module("yarl").URL(url)
    except ValueError:
        raise Unreachable from None
    if parsed.scheme not in SCHEMES or parsed.raw_user or parsed.raw_password:
        raise Unreachable
    host = host_of(parsed)
    if not parsed.port or not (addresses.parse(host) or NAME.fullmatch(host)) or "%" in host:
        raise Unreachable
    return parsed


def host_of(url: "URL") -> str:
    """Return the host of a URL in the spelling that is compared."""
    return (url.raw_host or "").lower().rstrip(".")
