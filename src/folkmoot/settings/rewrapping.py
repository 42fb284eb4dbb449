"""Locking every secret with the deployment's new key. The secrets themselves stay as they are.

Each one is its own transaction: who stops in the middle goes on where they stopped.
"""

from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.kit.ids import OrgId, SecretId, TeamId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.models import Secret
from folkmoot.settings.secrets import address_of, sealed_in
from folkmoot.settings.stores.sealing import Sealer

OTHERWISE: Final = "SELECT org_id, id, team_id, user_id FROM secrets_wrapped_otherwise(%s, %s)"
BEGINNING: Final = UUID(int=0)
NOBODY: Final = UserId(UUID(int=0))

Row = tuple[OrgId, SecretId, TeamId | None, UserId | None]


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How many secrets have the new key, and how many could not be opened with any."""

    done: int = 0
    unreadable: int = 0

    def __add__(self, other: "Rewrapped") -> "Rewrapped":
        return Rewrapped(self.done + other.done, self.unreadable + other.unreadable)


async def rewrap_all(database: Database, sealer: Sealer) -> Rewrapped:
    """Lock every secret with the sealer's key of now."""
    done = unreadable = 0
    after = BEGINNING
    while rows := await _otherwise(database, sealer.current, after):
        for row in rows:
            after = row[1]
            try:
                done += await _rewrap(database, sealer, row)
            except SecretUnreadable:
                unreadable += 1
    return Rewrapped(done, unreadable)


async def _otherwise(database: Database, current: str, after: UUID) -> list[Row]:
    async with database.unscoped() as connection:
        cursor = await connection.execute(OTHERWISE, (current, after))
        return cast(list[Row], await cursor.fetchall())


async def _rewrap(database: Database, sealer: Sealer, row: Row) -> bool:
    """Lock one secret anew, seen as its owner sees it; tell whether that was still to do."""
    org_id, secret_id, team_id, user_id = row
    subject = Subject(org_id, user_id or NOBODY, team_ids=(team_id,) if team_id else ())
    statement = select(Secret).where(Secret.org_id == org_id, Secret.id == secret_id)
    async with database.work(subject) as work:
        found = (await work.session.scalars(statement.with_for_update())).one_or_none()
        sealed = sealed_in(found) if found is not None else None
        if found is None or sealed is None or sealed.key_id == sealer.current:
            return False
        anew = sealer.rewrap(address_of(found), sealed)
        found.wrapped_key, found.key_id = anew.wrapped_key, anew.key_id
        return True
