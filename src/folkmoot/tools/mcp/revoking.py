"""Having revoked at authorization servers what is not needed any more (RFC 7009).

In the moment in which somebody leaves, a server goes or moves, or a person ends it, we have their
tokens no more for any call: what is left of them lies here for as long as it takes to have them
revoked, and no longer than some hours. Nobody waits for it.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast
from uuid import UUID

import structlog
from sqlalchemy import select

from folkmoot.audit import trail
from folkmoot.db.work import Database, Work
from folkmoot.jobs.queue import Queue
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import McpRevocationId, McpServerId, OrgId, UserId
from folkmoot.kit.outbound.client import Outbound
from folkmoot.kit.subject import deployment
from folkmoot.settings.errors import SecretStoreUnavailable, SecretUnreadable
from folkmoot.settings.resolver import Level
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.stores.store import Address, Sealed
from folkmoot.tools.mcp import grants, loading
from folkmoot.tools.mcp.grants import Kept, Revoked
from folkmoot.tools.mcp.models import McpRevocation

QUEUE: Final = "mcp"
EVERY_MINUTE: Final = "* * * * *"
AT_ONCE: Final = 16
TRIES: Final = 9
PAUSE: Final = timedelta(minutes=1)
"""Before the second attempt; each further pause is twice as long, so the last is after 4 hours."""
DUE: Final = "SELECT org_id, revocation_id FROM mcp_revocations_due(%s)"
NAME: Final = "mcp_revocation"

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def note(work: Work, secrets: Secrets, server_id: McpServerId, kept: Kept) -> None:
    """Have revoked what somebody had granted, once this work is done."""
    row = McpRevocation(org_id=work.subject.org_id, server_id=server_id)
    _seal(secrets, row, kept)
    work.session.add(row)


@dataclass(frozen=True, slots=True)
class Revocations:
    """The job that has tokens revoked; register it once per process.

    Args:
        database: The database.
        secrets: Where they were kept.
        outbound: The way out: where to ask is what a stranger has said.
    """

    database: Database
    secrets: Secrets
    outbound: Outbound

    def register(self, queue: Queue) -> None:
        """Name the job."""
        queue.repeat("mcp.revoke", self.run, queue=QUEUE, cron=EVERY_MINUTE)

    async def run(self) -> None:
        """Have revoked what is due, of all organisations, a few at a time."""
        while rows := await self._due():
            async with asyncio.TaskGroup() as group:
                for org_id, row_id in rows:
                    group.create_task(self._settle(org_id, row_id))

    async def disown(self, org_id: OrgId, user_id: UserId) -> None:
        """Keep what waits to be revoked without telling whose it was.

        Raises:
            SecretStoreUnavailable: It lies where nobody answers.
        """
        async with self.database.work(deployment(org_id)) as work:
            mine = select(McpRevocation).where(
                McpRevocation.org_id == org_id, McpRevocation.user_id == user_id
            )
            rows = (await work.session.scalars(mine)).all()
        for each in rows:
            kept = await self._read(each)
            async with self.database.work(deployment(org_id)) as work:
                row = await _held(work, each.id)
                if row is not None and kept is None:
                    await work.session.delete(row)
                elif row is not None and kept is not None:
                    _seal(self.secrets, row, kept)

    async def _due(self) -> list[tuple[OrgId, McpRevocationId]]:
        async with self.database.unscoped() as connection:
            cursor = await connection.execute(DUE, (AT_ONCE,))
            rows = cast(list[tuple[UUID, UUID]], await cursor.fetchall())
        return [(OrgId(org_id), McpRevocationId(row_id)) for org_id, row_id in rows]

    async def _settle(self, org_id: OrgId, row_id: McpRevocationId) -> None:
        async with self.database.work(deployment(org_id)) as work:
            row = await _held(work, row_id)
        if row is None:
            return
        try:
            kept = await self._read(row)
            outcome = await self._asked(kept) if kept is not None else None
        except SecretStoreUnavailable:
            kept, outcome = None, Revoked.AWAY
        async with self.database.work(deployment(org_id)) as work:
            again = await _held(work, row_id)
            if again is None:
                return
            if outcome is Revoked.AWAY and again.tried + 1 < TRIES:
                self._put_off(again, kept)
                return
            await work.session.delete(again)
            if outcome is not None:
                await _record(work, again, outcome, kept)

    async def _read(self, row: McpRevocation) -> Kept | None:
        """Return what was granted; None if it was nothing, or nobody can open it any more."""
        try:
            text = await self.secrets.value_of(_address(row), _sealed(row))
        except SecretUnreadable:
            log.warning("mcp.grant_unreadable", org_id=str(row.org_id))
            return None
        kept = grants.parsed(text)
        return kept if kept is not None and kept.tokens is not None else None

    async def _asked(self, kept: Kept) -> Revoked | None:
        if kept.client is None or kept.tokens is None:
            return None
        oauth = await loading.authorizing()
        try:
            return await oauth.revoked(self.outbound, kept.client, kept.tokens)
        except AppError:
            return Revoked.AWAY

    def _put_off(self, row: McpRevocation, kept: Kept | None) -> None:
        row.next_at = clock.now() + PAUSE * 2**row.tried
        row.tried += 1
        if kept is not None:
            _seal(self.secrets, row, kept)


async def _held(work: Work, row_id: McpRevocationId) -> McpRevocation | None:
    wanted = select(McpRevocation).where(
        McpRevocation.org_id == work.subject.org_id, McpRevocation.id == row_id
    )
    return (await work.session.scalars(wanted.with_for_update())).one_or_none()


async def _record(work: Work, row: McpRevocation, outcome: Revoked, kept: Kept | None) -> None:
    """Tell the trail who has revoked tokens, or why not; nothing of whose they were."""
    client = kept.client if kept is not None else None
    told = {"outcome": outcome, **({"issuer": client.issuer} if client else {})}
    done = "mcp_server.tokens_revoked" if outcome is Revoked.DONE else "mcp_server.tokens_left"
    await trail.record(work, done, target=("mcp_server", row.server_id), after=told)


def _seal(secrets: Secrets, row: McpRevocation, kept: Kept) -> None:
    row.user_id = row.kept_as = None
    sealed = secrets.sealed(_address(row), grants.written(kept))
    row.sealed, row.wrapped_key, row.key_id = sealed.sealed, sealed.wrapped_key, sealed.key_id


def _address(row: McpRevocation) -> Address:
    if row.user_id is None:
        return Address(row.org_id, Level.ORGANIZATION, row.id, NAME)
    name = grants.name_of(row.server_id)
    return Address(row.org_id, Level.USER, row.user_id, name, row.kept_as)


def _sealed(row: McpRevocation) -> Sealed | None:
    if row.sealed is None or row.wrapped_key is None or row.key_id is None:
        return None
    return Sealed(row.sealed, row.wrapped_key, row.key_id)
