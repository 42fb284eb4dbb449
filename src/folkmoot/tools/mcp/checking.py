"""Asking a server what it has, because somebody wants to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import McpServerId
from folkmoot.kit.subject import Subject
from folkmoot.tools.mcp import catalogue, servers
from folkmoot.tools.mcp.addressing import Addresses, Way
from folkmoot.tools.mcp.catalogue import Difference
from folkmoot.tools.mcp.connections import Connections
from folkmoot.tools.mcp.errors import McpCredentialRefused, McpError, McpRefused, McpServerNotFound
from folkmoot.tools.mcp.listed import Listing
from folkmoot.tools.mcp.models import Auth, McpServer
from folkmoot.tools.mcp.ports import Offer
from folkmoot.tools.mcp.schemas import (
    McpProblem,
    McpPromptRead,
    McpResourceRead,
    McpServerAbout,
    McpTestRead,
)

NOTHING: Final = Offer(prompts=(), resources=())


@dataclass(frozen=True, slots=True)
class Found:
    """What a server has told."""

    about: Mapping[str, Any]
    listing: Listing
    offer: Offer


@dataclass(frozen=True, slots=True)
class Checks:
    """Asks servers and keeps what they list."""

    database: Database
    addresses: Addresses
    connections: Connections

    async def check(self, subject: Subject, server_id: McpServerId) -> McpTestRead:
        """Connect to a server, list what it has, and keep its tools.

        Raises:
            McpServerNotFound, PermissionDenied: It is not the subject's to change.
        """
        async with self.database.work(subject) as work:
            server = await servers.get_to_change(work, server_id)
        started = clock.monotonic()
        try:
            found = await self._found(subject, server)
        except AppError as error:
            await self._failed(subject, server, error)
            return _failed(error, _milliseconds(started))
        took = _milliseconds(started)
        return _went_well(found, await self._keep(subject, server, found), took)

    async def _found(self, subject: Subject, server: McpServer) -> Found:
        way = await self.addresses.of(subject, server)
        try:
            return await self._ask(way)
        except McpCredentialRefused:
            if server.auth != Auth.OAUTH:
                raise
            return await self._ask(await self.addresses.of(subject, server, refused=way))

    async def _ask(self, way: Way) -> Found:
        async with self.connections.fresh(way.address) as connection:
            try:
                about = await connection.about()
                listing = await connection.listing()
            except McpRefused as error:
                raise McpRefused(way.clean(error.said)) from None
            try:
                offer = await connection.offer()
            except McpError:
                offer = NOTHING  # agents are not told of it: it does not matter
            return Found(about, listing, offer)

    async def _keep(self, subject: Subject, server: McpServer, found: Found) -> Difference:
        async with self.database.work(subject) as work:
            held = await servers.get(work, server.id)
            await servers.hold(work, held)
            if held.revision != server.revision:
                raise McpServerNotFound  # what was asked is not what stands there now
            return await catalogue.take(work, held, found.listing, found.about)

    async def _failed(self, subject: Subject, server: McpServer, error: AppError) -> None:
        async with self.database.work(subject) as work:
            held = await servers.get(work, server.id)
            await servers.hold(work, held)
            held.error = error.code


def _milliseconds(started: float) -> float:
    return round((clock.monotonic() - started) * 1_000, 1)


def _failed(error: AppError, took: float) -> McpTestRead:
    return McpTestRead(
        ok=False,
        problem=McpProblem(code=error.code, detail=error.detail),
        milliseconds=took,
        about=McpServerAbout(),
        tools=0,
        added=[],
        changed=[],
        left_out=0,
        prompts=[],
        resources=[],
    )


def _went_well(found: Found, difference: Difference, took: float) -> McpTestRead:
    return McpTestRead(
        ok=True,
        problem=None,
        milliseconds=took,
        about=McpServerAbout.model_validate(found.about),
        tools=len(found.listing.tools),
        added=list(difference.added),
        changed=list(difference.changed),
        left_out=found.listing.left_out,
        prompts=[
            McpPromptRead(name=name, description=description)
            for name, description in found.offer.prompts
        ],
        resources=[
            McpResourceRead(uri=uri, name=name, media_type=media_type)
            for uri, name, media_type in found.offer.resources
        ],
    )
