"""Which addresses belong to everybody's Internet."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

GLOBAL: Final = IPv6Network("2000::/3")
CLOSED: Final[tuple[Network, ...]] = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("168.63.129.16/32"),  # a cloud's own services, behind an address that looks public
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
    IPv4Network("198.18.0.0/15"),
    IPv4Network("240.0.0.0/4"),
    IPv6Network("2001::/23"),  # Teredo, ORCHID and other protocols' own
    IPv6Network("2001:db8::/32"),
    IPv6Network("3fff::/20"),
)
NAT64: Final = IPv6Network("64:ff9b::/96")
LOW: Final = 0xFFFF_FFFF
ISATAP: Final = {0x0000_5EFE, 0x0200_5EFE}


def parse(host: str) -> Address | None:
    """Return the address that a host of a URL is written as; None for a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address, and the one that may be wrapped in it, is reachable for everybody."""
    if isinstance(address, IPv6Address):
        wrapped = unwrap(address)
        if wrapped is not None:
            return is_public(wrapped)
        if address not in GLOBAL or (int(address) >> 32) & LOW in ISATAP:
            return False
    if address.is_multicast or not address.is_global:
        return False
    return not any(address in network for network in CLOSED)


def unwrap(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that traffic to an IPv6 address ends at, if it names one."""
    if address in NAT64:
        return IPv4Address(int(address) & LOW)
    return address.ipv4_mapped or address.sixtofour
