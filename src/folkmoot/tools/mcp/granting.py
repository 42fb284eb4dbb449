"""Being let in by people at MCP servers that know them by OAuth 2.1."""

import asyncio
import hmac
import secrets as randomness
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final
from uuid import UUID
from weakref import WeakValueDictionary

from pydantic import SecretStr

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.ids import McpServerId, OrgId, UserId
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.subject import Subject
from folkmoot.settings.schemas import SecretCreate
from folkmoot.settings.secrets import Secrets
from folkmoot.tools.mcp import grants, loading, revoking, servers
from folkmoot.tools.mcp.errors import McpAuthorizationFailed, McpNotAuthorized, McpServerNotGranted
from folkmoot.tools.mcp.grants import Kept, Pending, Tokens
from folkmoot.tools.mcp.models import Auth, McpServer

LIFETIME: Final = 600.0
"""Seconds that somebody has to let us in."""
KEEP: Final = "secrets:write"
PARTS: Final = 4

Subjects = Callable[[OrgId, UserId, None], Awaitable[Subject]]
"""Returns what a user may do now."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where somebody is sent, and what their browser has to bring back besides."""

    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Brought:
    """What a browser brings back from an authorization server; `cookie` is of its own."""

    cookie: str
    state: str
    code: str = ""
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Grants:
    """Begins, ends and keeps what people have granted us.

    Args:
        database: The database.
        secrets: Where it is kept.
        outbound: The way out.
        subjects: Who knows what somebody may do.
        back: Where browsers are sent back to.
    """

    database: Database
    secrets: Secrets
    outbound: Outbound
    subjects: Subjects
    back: str
    _turns: WeakValueDictionary[tuple[UUID, UUID], asyncio.Lock] = field(
        default_factory=WeakValueDictionary[tuple[UUID, UUID], asyncio.Lock], repr=False
    )

    async def begin(self, subject: Subject, server_id: McpServerId) -> Begun:
        """Return where somebody lets us in.

        Raises:
            McpServerNotFound: They see no such server.
            McpServerNotGranted: It does not know people by OAuth.
            McpAuthorizationFailed: It does not say where, or not as the protocol demands.
        """
        server, url = await self._server(subject, server_id)
        oauth = await loading.authorizing()
        client = await oauth.introduced(self.outbound, url, self.back)
        ids = (subject.org_id, subject.user_id, server.id)
        state = ".".join([*(each.hex for each in ids), randomness.token_urlsafe(32)])
        place, verifier = oauth.sent_to(client, self.back, state)
        until = clock.now().timestamp() + LIFETIME
        pending = Pending(client=client, verifier=verifier, digest=_digest(state), until=until)
        known = await self._kept(subject, server.id, url)
        await self._keep(subject, server.id, _but(known, pending=pending))
        return Begun(place, state)

    async def finish(self, brought: Brought) -> McpServerId:
        """Keep what somebody has been given for us; return for which server.

        Raises:
            McpAuthorizationFailed: It was not this browser that we sent, or nothing was given.
            AppError: They may not use the server any more.
        """
        org_id, user_id, server_id = _ids(brought)
        subject = await self.subjects(org_id, user_id, None)
        server, url = await self._server(subject, server_id)
        known = await self._kept(subject, server_id, url)
        pending = known.pending
        if pending is None or not hmac.compare_digest(pending.digest, _digest(brought.state)):
            raise McpAuthorizationFailed("nothing was begun")
        if clock.now().timestamp() > pending.until or not brought.code:
            raise McpAuthorizationFailed("nobody has let us in")
        named = brought.issuer
        if named != pending.client.issuer and (named is not None or pending.client.names_itself):
            raise McpAuthorizationFailed("somebody else has answered")
        oauth = await loading.authorizing()
        tokens = await oauth.exchanged(
            self.outbound, pending.client, self.back, brought.code, pending.verifier
        )
        now = clock.now().timestamp()
        kept = Kept(url=url, client=pending.client, tokens=tokens, since=now)
        await self._keep(subject, server_id, kept)
        before = known if known.client != kept.client else Kept(url=url)  # each has its own client
        await self._record(subject, "mcp_server.authorized", server, before)
        return server_id

    async def status(self, subject: Subject, server_id: McpServerId) -> Kept:
        """Return what is kept of somebody."""
        server, url = await self._server(subject, server_id)
        return await self._kept(subject, server.id, url)

    async def end(self, subject: Subject, server_id: McpServerId) -> None:
        """Forget what somebody has granted, and have it revoked within a minute or so."""
        server, url = await self._server(subject, server_id)
        known = await self._kept(subject, server.id, url)
        await self._keep(subject, server.id, Kept(url=url))
        if known.tokens is not None:
            await self._record(subject, "mcp_server.authorization_ended", server, known)

    async def token(self, subject: Subject, server: McpServer, refused: str | None = None) -> str:
        """Return the token that is sent for somebody; another one than has been refused.

        Raises:
            McpNotAuthorized: There is none, or none any more.
            McpAuthorizationFailed: It has ended, and nobody can say now whether there is another.
        """
        url = server.url or ""
        turn = self._turns.setdefault((server.id, subject.user_id), asyncio.Lock())
        async with turn:
            known = await self._kept(subject, server.id, url)
            if known.tokens is None or known.client is None:
                raise McpNotAuthorized
            if known.tokens.access != refused and not _over(known.tokens):
                return known.tokens.access
            return await self._renewed(subject, server, known)

    async def _renewed(self, subject: Subject, server: McpServer, known: Kept) -> str:
        if known.tokens is None or known.client is None:
            raise McpNotAuthorized
        oauth = await loading.authorizing()
        tokens = await oauth.refreshed(self.outbound, known.client, known.tokens)
        if tokens is None:
            newest = (await self._kept(subject, server.id, known.url)).tokens
            if newest is not None and newest.access != known.tokens.access:
                return newest.access  # another process was faster
            await self._keep(subject, server.id, _but(known, tokens=None))
            raise McpNotAuthorized
        await self._keep(subject, server.id, _but(known, tokens=tokens))
        return tokens.access

    async def _server(self, subject: Subject, server_id: McpServerId) -> tuple[McpServer, str]:
        async with self.database.work(subject) as work:
            server = await servers.get(work, server_id)
        if server.auth != Auth.OAUTH or server.url is None:
            raise McpServerNotGranted
        return server, server.url

    async def _kept(self, subject: Subject, server_id: McpServerId, url: str) -> Kept:
        return grants.read(await self.secrets.resolve(subject, grants.name_of(server_id)), url)

    async def _keep(self, subject: Subject, server_id: McpServerId, kept: Kept) -> None:
        """Keep it for somebody, whatever the key may do by which they act."""
        value = SecretStr(grants.written(kept))
        data = SecretCreate(name=grants.name_of(server_id), value=value)
        own = replace(subject, permissions=subject.permissions | {KEEP})
        await self.secrets.keep(own, data)

    async def _record(self, subject: Subject, action: str, server: McpServer, ended: Kept) -> None:
        """Tell the trail what has been done, and have revoked what has ended with it."""
        async with self.database.work(subject) as work:
            target = ("mcp_server", server.id)
            await trail.record(work, action, target=target, after={"name": server.name})
            if ended.tokens is not None:
                revoking.note(work, self.secrets, server.id, ended)


def _but(kept: Kept, *, tokens: Tokens | None = None, pending: Pending | None = None) -> Kept:
    """Return the same with other tokens, or with something pending besides."""
    return Kept(
        url=kept.url,
        client=kept.client,
        tokens=kept.tokens if pending else tokens,
        since=kept.since,
        pending=pending,
    )


def _over(tokens: Tokens) -> bool:
    return tokens.until is not None and clock.now().timestamp() > tokens.until - grants.EARLY


def _digest(state: str) -> str:
    return sha256(state.encode("utf-8", "surrogatepass")).hexdigest()


def _ids(brought: Brought) -> tuple[OrgId, UserId, McpServerId]:
    """Return of whom and what it is, if it was this browser that was sent.

    Somebody who is given another person's link would let that person in at their own account.
    """
    if not hmac.compare_digest(_digest(brought.cookie), _digest(brought.state)):
        raise McpAuthorizationFailed("it was not this browser that began it")
    parts = brought.state.split(".")
    try:
        org_id, user_id, server_id = (UUID(each) for each in parts[: PARTS - 1])
    except ValueError:
        raise McpAuthorizationFailed("nothing was begun") from None
    return OrgId(org_id), UserId(user_id), McpServerId(server_id)
