"""Appending events to an organisation's chain, one transaction after the other."""

import os
from collections.abc import Sequence
from typing import Final

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from folkmoot.audit import chain
from folkmoot.audit.entry import Entry
from folkmoot.audit.models import AuditChain, AuditEvent
from folkmoot.kit.chain import SALT_BYTES, digest, genesis, link
from folkmoot.kit.ids import OrgId

HEAD: Final = select(AuditChain.seq, AuditChain.head).with_for_update()


async def append(session: AsyncSession, org_id: OrgId, entries: Sequence[Entry]) -> None:
    """Append events to a chain, whose head is locked until the transaction ends."""
    seq, head = await _locked(session, org_id)
    events: list[dict[str, object]] = []
    for entry in entries:
        seq += 1
        salt = os.urandom(SALT_BYTES)
        covered = digest(salt, chain.payload(entry))
        head = link(head, seq, entry.action, entry.at_ms, covered)
        events.append(_row(entry, org_id, seq, salt, covered, head))
    await session.execute(insert(AuditEvent), events)
    await session.execute(
        update(AuditChain).where(AuditChain.org_id == org_id).values(seq=seq, head=head)
    )


async def _locked(session: AsyncSession, org_id: OrgId) -> tuple[int, bytes]:
    """Return the length and the head of a chain, which begins here if it has not yet."""
    statement = HEAD.where(AuditChain.org_id == org_id)
    found = (await session.execute(statement)).one_or_none()
    if found is None:
        first = {"org_id": org_id, "seq": 0, "head": genesis(org_id)}
        await session.execute(
            upsert(AuditChain).values(first).on_conflict_do_nothing(index_elements=["org_id"])
        )
        found = (await session.execute(statement)).one()
    seq, head = found
    return seq, head


def _row(
    entry: Entry, org_id: OrgId, seq: int, salt: bytes, covered: bytes, head: bytes
) -> dict[str, object]:
    return {
        "org_id": org_id,
        "seq": seq,
        "at_ms": entry.at_ms,
        "action": entry.action,
        "actor_id": entry.actor_id,
        "api_key_id": entry.api_key_id,
        "target_type": entry.target_type,
        "target_id": entry.target_id,
        "before": entry.before,
        "after": entry.after,
        "request_id": entry.request_id,
        "client_address": entry.client_address,
        "salt": salt,
        "digest": covered,
        "hash": head,
    }
