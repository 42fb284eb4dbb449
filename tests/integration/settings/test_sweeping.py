"""What is kept elsewhere and what our rows say of it, also when either fails in between."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from ending import end
from folkmoot.db.work import Database
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.models import Membership
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings.errors import SecretNotFound
from folkmoot.settings.schemas import SecretCreate
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.stores import infisical as room
from folkmoot.settings.stores.sealing import Sealer
from folkmoot.settings.stores.store import Address
from identity_app import SECRET_KEY, Account, Clock, enroll, subject_of
from infisical import FakeInfisical, infisical

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeInfisical]:
    monkeypatch.setattr(room, "PAUSE", 0.0)
    async with infisical() as fake:
        yield fake


@pytest.fixture
def kept(database: Database, fake: FakeInfisical) -> Secrets:
    return Secrets(database, Sealer(SECRET_KEY), fake.store())


def _young(time: Clock) -> UUID:
    """Return an id that is made now, as the test's clock has it."""
    return UUID(int=int(time.now().timestamp() * 1000) << 80 | 7 << 76 | 2 << 62)


def secret(value: str, name: str = "a_key") -> SecretCreate:
    return SecretCreate.model_validate({"name": name, "value": value, "scope": Scope.USER})


async def test_a_secret_that_is_replaced_while_it_is_removed_is_there_or_not_but_never_broken(
    kept: Secrets, fake: FakeInfisical, subject: Subject
) -> None:
    for attempt in range(4):
        row = await kept.keep(subject, secret("old"))
        outcomes = await asyncio.gather(
            kept.drop(subject, row.id),
            kept.keep(subject, secret(f"new {attempt}")),
            return_exceptions=True,
        )
        assert not [each for each in outcomes if isinstance(each, BaseException)]
        assert await kept.resolve(subject, "a_key") in {None, f"new {attempt}"}
        assert len(fake.secrets) == (await kept.resolve(subject, "a_key") is not None)


async def test_what_was_replaced_is_found_by_who_had_asked_before(
    kept: Secrets, fake: FakeInfisical, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kept.keep(subject, secret("old"))
    value = room.Infisical.value

    async def value_after_a_change(store: room.Infisical, address: Address, sealed: None) -> str:
        monkeypatch.setattr(room.Infisical, "value", value)
        await kept.keep(subject, secret("new"))
        return await value(store, address, sealed)

    monkeypatch.setattr(room.Infisical, "value", value_after_a_change)
    assert await kept.resolve(subject, "a_key") == "new"


async def test_a_value_whose_row_could_not_be_stored_is_removed_at_once(
    kept: Secrets, fake: FakeInfisical, subject: Subject
) -> None:
    nowhere = Subject(subject.org_id, UserId(new_id()), subject.permissions)
    with pytest.raises(OrganizationNotFound):
        await kept.keep(nowhere, secret("of nobody"))
    assert fake.secrets == {}


async def test_what_is_left_over_is_swept_and_what_is_young_or_known_or_not_ours_stays(
    kept: Secrets, fake: FakeInfisical, subject: Subject, time: Clock
) -> None:
    sweeper = kept.sweeper()
    assert sweeper is not None
    known = await kept.keep(subject, secret("known"))
    assert known.kept_as is not None
    others = {"SOMEBODY_ELSES": "x", "folkmoot_odd": "y"}
    begins = f"folkmoot_{subject.org_id.hex}_user_{subject.user_id.hex}_"
    fake.secrets |= others | {f"{begins}lost__{new_id().hex}": "of work that died"}
    assert await sweeper.sweep() == 0
    time.pass_by(hours=1, seconds=1)
    fake.secrets[f"{begins}a_key__{_young(time).hex}"] = "being written"
    assert await sweeper.sweep() == 1
    assert set(fake.secrets.values()) == {"x", "y", "known", "being written"}
    assert await kept.resolve(subject, "a_key") == "known"


async def test_a_secret_goes_though_its_store_is_away_and_is_swept_when_it_is_back(
    kept: Secrets, fake: FakeInfisical, subject: Subject, time: Clock
) -> None:
    row = await kept.keep(subject, secret("left"))
    fake.failures = [503] * 3
    await kept.drop(subject, row.id)
    with pytest.raises(SecretNotFound):
        await kept.drop(subject, row.id)
    assert await kept.resolve(subject, "a_key") is None
    assert list(fake.secrets.values()) == ["left"]
    time.pass_by(hours=2)
    sweeper = kept.sweeper()
    assert sweeper is not None
    fake.failures = [503] * 3
    watching = asyncio.create_task(sweeper.watch())
    async with asyncio.timeout(60):
        while True:
            if not fake.failures:
                break
            await asyncio.sleep(0.01)
    await end(watching)
    assert await sweeper.sweep() == 1
    assert fake.secrets == {}


async def test_secrets_of_whoever_was_removed_are_swept(
    kept: Secrets,
    fake: FakeInfisical,
    identity: Identity,
    grace: Account,
    linus: Account,
    time: Clock,
) -> None:
    await enroll(identity, grace, linus, OrgRole.MEMBER)
    there, here = subject_of(grace), subject_of(linus)
    theirs = Subject(there.org_id, here.user_id, there.permissions)
    await kept.keep(theirs, secret("of a member"))
    async with identity.database.work(there) as work:
        place = {"org_id": there.org_id, "user_id": here.user_id}
        await work.session.delete(await work.session.get(Membership, place))
    time.pass_by(hours=2)
    sweeper = kept.sweeper()
    assert sweeper is not None
    assert await sweeper.sweep() == 1
    assert fake.secrets == {}


async def test_there_is_nothing_to_sweep_where_secrets_lie_in_the_database(
    database: Database,
) -> None:
    assert Secrets(database, Sealer(SECRET_KEY)).sweeper() is None
