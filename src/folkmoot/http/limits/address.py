"""Client addresses, as far as they tell people apart."""

import ipaddress
from typing import Final

from starlette.types import Scope

HOME: Final = 64
"""Bits of an IPv6 address that a provider gives to one household; the rest is free to choose."""


def network_of(scope: Scope) -> str:
    """Return where a request comes from; what is no address counts as one."""
    found = _address(scope)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, HOME), strict=False))
    return str(found)


def is_loopback(scope: Scope) -> bool:
    """Whether a request comes from the server's own machine."""
    found = _address(scope)
    return found is not None and found.is_loopback


def _address(scope: Scope) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    client = scope.get("client")
    try:
        found = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
