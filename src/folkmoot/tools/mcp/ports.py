"""What this room needs of the library that speaks MCP: `linking` has it, and is loaded late."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from folkmoot.kit.outbound.client import Outbound
from folkmoot.tools.mcp.grants import Client, Revoked, Tokens
from folkmoot.tools.mcp.listed import Listing
from folkmoot.tools.mcp.models import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a server is and what it is told of who asks.

    Attributes:
        url: For every transport but `stdio`.
        program: For `stdio`: what is started, with its arguments.
        headers: What is sent with every request; holds secrets.
        variables: What a program gets in its environment; holds secrets.
        seconds: How long a call may take.
    """

    transport: Transport
    url: str = ""
    program: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    seconds: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a server has besides tools: names and descriptions, as it says them."""

    prompts: Sequence[tuple[str, str]]
    resources: Sequence[tuple[str, str, str | None]]


class Peer(Protocol):
    """A server that is connected. Each method may raise any `McpError`."""

    @property
    def about(self) -> Mapping[str, Any]:
        """Name, version and protocol, as far as it tells."""
        ...

    async def listing(self) -> Listing:
        """Return its tools as they are now."""
        ...

    async def offer(self) -> Offer:
        """Return its prompts and resources."""
        ...

    async def call(self, name: str, arguments: Mapping[str, Any], seconds: float) -> str:
        """Call a tool; return its result as text."""
        ...


class Linking(Protocol):
    """What `folkmoot.tools.mcp.linking` offers."""

    def linked(self, address: Address, outbound: Outbound) -> AbstractAsyncContextManager[Peer]:
        """Connect to a server for as long as the block lasts, in one task."""
        ...


class Authorizing(Protocol):
    """What `folkmoot.tools.mcp.authorizing` offers."""

    async def introduced(self, outbound: Outbound, url: str, back: str) -> Client:
        """Find out who authorizes for a server and have us registered there."""
        ...

    def sent_to(self, client: Client, back: str, state: str) -> tuple[str, str]:
        """Return where a person is sent, and what proves afterwards that it was we who did."""
        ...

    async def exchanged(
        self, outbound: Outbound, client: Client, back: str, code: str, verifier: str
    ) -> Tokens:
        """Return tokens for a code."""
        ...

    async def refreshed(self, outbound: Outbound, client: Client, tokens: Tokens) -> Tokens | None:
        """Return new tokens for old ones; None if there are none to be had any more."""
        ...

    async def revoked(self, outbound: Outbound, client: Client, tokens: Tokens) -> Revoked:
        """Have tokens revoked where that can be had; return what has become of them."""
        ...
