"""Following an organisation's chain from where it begins to its head."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from folkmoot.audit import search
from folkmoot.audit.chain import link_of
from folkmoot.audit.models import AuditChain
from folkmoot.audit.search import EventFilter
from folkmoot.db.work import Database
from folkmoot.kit.chain import Verdict, genesis, verify
from folkmoot.kit.subject import Subject

PAGE: Final = 500
"""Events read at once."""

EVERYTHING: Final = EventFilter()


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a chain beside its events: where it begins and where it ends."""

    truncated: int
    beginning: bytes
    seq: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """What following a chain found; `truncated` is the last event that was removed for its age."""

    verdict: Verdict
    truncated: int


async def verified(database: Database, subject: Subject) -> Verified:
    """Follow the chain of the subject's organisation; what is appended meanwhile is left out."""
    while True:
        kept = await _kept(database, subject)
        verdict = await _followed(database, subject, kept)
        # A beginning that was just removed for its age is not missing.
        if verdict.intact or (await _kept(database, subject)).truncated == kept.truncated:
            return Verified(verdict, kept.truncated)


async def _followed(database: Database, subject: Subject, kept: Kept) -> Verdict:
    verdict = Verdict(kept.beginning, kept.truncated)
    while verdict.intact and verdict.events < kept.seq:
        limit = min(PAGE, kept.seq - verdict.events)
        async with database.work(subject) as work:
            page = await search.following(work, EVERYTHING, after=verdict.events, limit=limit)
        if not page:
            break
        verify(verdict, map(link_of, page))
    if verdict.intact:
        verdict.demand(kept.seq, kept.head)
    return verdict


async def _kept(database: Database, subject: Subject) -> Kept:
    statement = select(AuditChain).where(AuditChain.org_id == subject.org_id)
    async with database.work(subject) as work:
        chain = (await work.session.scalars(statement)).one_or_none()
    beginning = genesis(subject.org_id)
    if chain is None:
        return Kept(0, beginning, 0, beginning)
    truncated = chain.truncated_seq or 0
    return Kept(truncated, chain.truncated_head or beginning, chain.seq, chain.head)
