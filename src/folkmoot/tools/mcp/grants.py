"""What is kept of a person's standing with an MCP server that knows people by OAuth 2.1.

All of it is one secret of theirs, whose name is made of the server's id: it is sealed, found,
exported by name, erased and lost with the place in the organisation like any other.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import msgspec

from folkmoot.kit.ids import McpServerId

EARLY: Final = 30.0
"""Seconds before its end in which a token is not sent any more."""


class Revoked(StrEnum):
    """What has become of tokens that were to be revoked (RFC 7009)."""

    DONE = "revoked"
    NOT_OFFERED = "not_offered"
    REFUSED = "refused"
    AWAY = "unreachable"


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """As what we are known to an authorization server, and where it is asked.

    Attributes:
        issuer: Its name; `names_itself` says whether it does so in what it sends people back with.
        resource: What its tokens are for.
        authorize: Where people are sent; so do `token` and `revoke` say where we ask.
        id: Our name there, with `secret` and how we show it, `method`, if it gave us one.
        scope: What is asked for.
    """

    issuer: str
    names_itself: bool
    resource: str
    authorize: str
    token: str
    revoke: str | None
    id: str
    secret: str | None
    method: str | None
    scope: str | None


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has been given; `until` is a time stamp, None if nothing was said."""

    access: str
    refresh: str | None
    until: float | None
    scope: str | None


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """What was begun: it counts for whoever brings back what `digest` is of, `until` then."""

    client: Client
    verifier: str
    digest: str
    until: float


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one person and one server, as long as that is at this `url`."""

    url: str
    client: Client | None = None
    tokens: Tokens | None = None
    since: float | None = None
    pending: Pending | None = None

    @property
    def connected_at(self) -> datetime | None:
        """When the person has let us in."""
        return None if self.since is None else datetime.fromtimestamp(self.since, UTC)


def name_of(server_id: McpServerId) -> str:
    """Return what the secret is called."""
    return f"mcp_{server_id.hex}"


def written(kept: Kept) -> str:
    """Return it as a secret's value."""
    return msgspec.json.encode(kept).decode()


def read(value: str | None, url: str) -> Kept:
    """Return what a secret says, and nothing if it is about another place than the server's now."""
    kept = parsed(value or "")
    return kept if kept is not None and kept.url == url else Kept(url=url)


def parsed(value: str) -> Kept | None:
    """Return what a secret says; None if it is not one of ours."""
    try:
        return msgspec.json.decode(value, type=Kept)
    except msgspec.DecodeError:
        return None
