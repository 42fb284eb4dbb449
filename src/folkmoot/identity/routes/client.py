"""What a request tells of where it comes from."""

import ipaddress

from fastapi import Depends, Request, Response

from folkmoot.identity.service import Client


def client_of(request: Request) -> Client:
    """Return who is at the other end of a request's connection."""
    address = request.client.host if request.client else ""
    return Client(
        address=address,
        loopback=is_loopback(address),
        user_agent=request.headers.get("user-agent"),
    )


def bearer_of(request: Request) -> str:
    """Return the token of a request; empty if it has none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, also as IPv6 writes an IPv4 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


async def forbid_storing(response: Response) -> None:
    """Keep secrets out of caches (RFC 6749, section 5.1)."""
    response.headers["Cache-Control"] = "no-store"


NOT_STORED = Depends(forbid_storing)
