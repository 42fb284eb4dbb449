"""Secrets of organisations, teams and users: set, listed, removed, and found for whoever acts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import Select, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Database, Work
from folkmoot.identity.organizations.leaving import demand_member
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import SecretId, TeamId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.cache import Changes
from folkmoot.settings.errors import (
    FeatureOff,
    SecretNotFound,
    SecretStoreUnavailable,
    SecretUnreadable,
)
from folkmoot.settings.features import Features
from folkmoot.settings.models import Secret
from folkmoot.settings.resolver import RANK, Level
from folkmoot.settings.schemas import SecretCreate
from folkmoot.settings.scopes import Place, acting_team, demand_change, level_of, place_of
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.settings.stores.store import Address, Sealed, SecretStore
from folkmoot.settings.sweeping import Sweeper
from folkmoot.settings.telling import tell

ROOM: Final = "secrets"
LISTING: Final = Listing(
    "secrets",
    Secret.id,
    {"created_at": Secret.id, "updated_at": Secret.updated_at, "name": Secret.name},
)

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretFilter:
    """Which secrets to list; what is None does not matter."""

    words: str | None = None
    scope: Scope | None = None
    team_id: TeamId | None = None


class Secrets:
    """The secrets of a deployment's organisations, teams and users.

    Args:
        database: The database.
        sealer: What opens those that are sealed in the database.
        elsewhere: Where new ones are kept instead, if anywhere.
        features: What is switched on.
        changes: Who tells those that remember secrets.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        elsewhere: SecretStore | None = None,
        features: Features | None = None,
        changes: Changes | None = None,
    ) -> None:
        self._database = database
        self._changes = changes or Changes(database)
        self._sealer = sealer
        self._elsewhere = elsewhere
        self._features = features or Features()

    def sweeper(self) -> Sweeper | None:
        """Return what sweeps the store that new ones are kept in; None if they lie here."""
        return Sweeper(self._database, self._elsewhere) if self._elsewhere else None

    async def keep(self, subject: Subject, data: SecretCreate) -> Secret:
        """Keep a secret, in place of the one of that name if there is one.

        Raises:
            FeatureOff: Nobody keeps secrets here.
            TeamNotFound, PermissionDenied: The scope is not the subject's to change.
            SecretStoreUnavailable: The store does not answer.
        """
        self._demand_on()
        place = place_of(subject, data.scope, data.team_id)
        demand_change(subject, place, ROOM)
        store: SecretStore = self._elsewhere or self._sealer
        owner = place.user_id or place.team_id or subject.org_id
        kept_as = new_id() if self._elsewhere else None
        address = Address(subject.org_id, place.level, owner, data.name, kept_as)
        sealed = await store.keep(address, data.value.get_secret_value())
        try:
            async with self._database.work(subject) as work:
                before = await _replaced(work, place, data.name)
                row = await _store(work, place, data.name, Kept(sealed, kept_as))
        except (AppError, SQLAlchemyError):
            await self._clean(address)
            raise
        self._changes.forget(subject.org_id)
        if before is not None:
            await self._clean(before)
        return row

    async def browse(self, subject: Subject, wanted: SecretFilter, asked: Asked) -> Slice[Secret]:
        """Return a page of the secrets that a subject can use."""
        self._demand_on()
        async with self._database.work(subject) as work:
            return await LISTING.slice(work, _wanted(subject, wanted), asked)

    async def drop(self, subject: Subject, secret_id: SecretId) -> None:
        """Remove a secret.

        Raises:
            FeatureOff: Nobody keeps secrets here.
            SecretNotFound: There is none, or none that the subject can see.
            PermissionDenied: It is not theirs to remove.
        """
        self._demand_on()
        async with self._database.work(subject) as work:
            found = await _found(work, secret_id)
            demand_change(subject, _place(found), ROOM)
            await work.session.execute(
                delete(Secret).where(Secret.org_id == found.org_id, Secret.id == secret_id)
            )
            await _record(work, "secret.deleted", found, before=_told(found))
            await tell(work)
        self._changes.forget(subject.org_id)
        if found.sealed is None:
            await self._clean(address_of(found))

    async def forget(self, subject: Subject) -> None:
        """Remove all secrets of the subject's own, also what is left of those whose rows are gone.

        Raises:
            SecretStoreUnavailable: The store does not answer.
        """
        if self._elsewhere is not None:
            await self._elsewhere.clear(subject.org_id, Level.USER, subject.user_id)
        mine = delete(Secret).where(
            Secret.org_id == subject.org_id, Secret.user_id == subject.user_id
        )
        async with self._database.work(subject) as work:
            await work.session.execute(mine)
            await tell(work)
        self._changes.forget(subject.org_id)

    async def resolve(self, subject: Subject, name: str) -> str | None:
        """Return the secret of a name for a subject: their own, else their team's, else all's.

        Never for an answer, a log or a model.

        Raises:
            SecretUnreadable: It cannot be opened.
            SecretStoreUnavailable: The store does not answer.
        """
        row = await self._counting(subject, name)
        while row is not None:
            try:
                return await self.value_of(address_of(row), sealed_in(row))
            except SecretUnreadable:
                newest = await self._counting(subject, name)
                if newest is not None and newest.version == row.version:
                    raise
                row = newest  # replaced or removed while we asked
        return None

    async def held(self, subject: Subject, names: Iterable[str]) -> Sequence[str]:
        """Return under which of these names there is a secret for a subject.

        Where nobody keeps secrets there is none.
        """
        if not self._features.secrets:
            return ()
        statement = select(Secret.name, Secret.team_id).where(
            Secret.org_id == subject.org_id, Secret.name.in_(names)
        )
        async with self._database.work(subject) as work:
            rows = (await work.session.execute(statement)).all()
        team = acting_team(subject)
        return sorted({name for name, team_id in rows if team_id in {None, team}})

    async def _counting(self, subject: Subject, name: str) -> Secret | None:
        """Return the row of a name that counts for a subject."""
        team = acting_team(subject)
        async with self._database.work(subject) as work:
            rows = (await work.session.scalars(_named(subject, name))).all()
        counting = [row for row in rows if row.team_id in {None, team}]
        return max(
            counting, key=lambda each: RANK[level_of(each.team_id, each.user_id)], default=None
        )

    async def _clean(self, address: Address) -> None:
        """Remove from elsewhere what no row names any more; what cannot be now is swept later."""
        if self._elsewhere is None:
            return
        try:
            await self._elsewhere.drop(address)
        except SecretStoreUnavailable:
            log.warning("secrets.left_over", org_id=str(address.org_id))

    async def value_of(self, address: Address, sealed: Sealed | None) -> str:
        """Return what a row held, which may be gone: what was sealed, or else lies elsewhere.

        Raises:
            SecretUnreadable: It cannot be opened.
            SecretStoreUnavailable: The store does not answer.
        """
        if sealed is not None:
            return self._sealer.open(address, sealed)
        if self._elsewhere is None:
            raise SecretUnreadable(address.name)
        return await self._elsewhere.value(address, None)

    def sealed(self, address: Address, value: str) -> Sealed:
        """Seal what another room keeps, wherever secrets are kept."""
        return self._sealer.seal(address, value)

    def _demand_on(self) -> None:
        if not self._features.secrets:
            raise FeatureOff("secrets")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a row is to hold of a secret: the secret, sealed, or where it lies."""

    sealed: Sealed | None
    kept_as: UUID | None


async def _replaced(work: Work, place: Place, name: str) -> Address | None:
    """Hold the row that is about to be replaced; return where its value lies, if elsewhere."""
    statement = _named(work.subject, name).where(*place.holds(Secret)).with_for_update()
    row = (await work.session.scalars(statement)).one_or_none()
    return address_of(row) if row is not None and row.sealed is None else None


async def _store(work: Work, place: Place, name: str, kept: Kept) -> Secret:
    subject, now, sealed = work.subject, clock.now(), kept.sealed
    held: dict[str, Any] = {
        "sealed": sealed.sealed if sealed else None,
        "wrapped_key": sealed.wrapped_key if sealed else None,
        "key_id": sealed.key_id if sealed else None,
        "kept_as": kept.kept_as,
        "updated_at": now,
    }
    statement = (
        insert(Secret)
        .values(
            org_id=subject.org_id,
            id=new_id(),
            team_id=place.team_id,
            user_id=place.user_id,
            name=name,
            version=1,
            created_by=subject.user_id,
            created_at=now,
            **held,
        )
        .on_conflict_do_update(
            index_elements=["org_id", "name", "team_id", "user_id"],
            set_={**held, "version": Secret.version + 1},
        )
        .returning(Secret)
    )
    with demand_member():
        row = (await work.session.scalars(statement)).one()
    action = "secret.created" if row.version == 1 else "secret.replaced"
    await _record(work, action, row, after=_told(row))
    await tell(work)
    return row


async def _found(work: Work, secret_id: SecretId) -> Secret:
    """Return a secret, held: who replaces it meanwhile waits, and makes a new one."""
    statement = select(Secret).where(Secret.org_id == work.subject.org_id, Secret.id == secret_id)
    row = (await work.session.scalars(statement.with_for_update())).one_or_none()
    if row is None:
        raise SecretNotFound
    return row


def _wanted(subject: Subject, wanted: SecretFilter) -> Select[Secret]:
    statement = select(Secret).where(Secret.org_id == subject.org_id)
    if wanted.words is not None:
        statement = statement.where(containing(wanted.words, Secret.name))
    if wanted.scope is not None:
        statement = statement.where(
            Secret.team_id.is_not(None) == (wanted.scope is Scope.TEAM),
            Secret.user_id.is_not(None) == (wanted.scope is Scope.USER),
        )
    if wanted.team_id is not None:
        statement = statement.where(Secret.team_id == wanted.team_id)
    return statement


def _named(subject: Subject, name: str) -> Select[Secret]:
    return select(Secret).where(Secret.org_id == subject.org_id, Secret.name == name)


async def _record(
    work: Work,
    action: str,
    row: Secret,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await trail.record(work, action, target=("secret", row.id), before=before, after=after)


def _told(row: Secret) -> dict[str, object]:
    """Return what the trail tells of a secret: never what it says."""
    whose = {"team_id": str(row.team_id)} if row.team_id else {}
    return {
        "name": row.name,
        "scope": level_of(row.team_id, row.user_id),
        "version": row.version,
        **whose,
    }


def address_of(row: Secret) -> Address:
    """Return whose a row is and what it is called."""
    owner = row.user_id or row.team_id or row.org_id
    return Address(row.org_id, level_of(row.team_id, row.user_id), owner, row.name, row.kept_as)


def _place(row: Secret) -> Place:
    return Place(level_of(row.team_id, row.user_id), row.team_id, row.user_id)


def sealed_in(row: Secret) -> Sealed | None:
    """Return what a row holds of its secret; None if that is kept elsewhere."""
    if row.sealed is None or row.wrapped_key is None or row.key_id is None:
        return None
    return Sealed(row.sealed, row.wrapped_key, row.key_id)
