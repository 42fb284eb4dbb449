"""Password hashes that came from elsewhere."""

from statistics import median
from time import process_time

import bcrypt
import httpx
import pytest

from folkmoot.identity.people import accounts
from folkmoot.identity.service import Identity
from identity_app import Account, Clock, user_id_of

pytestmark = pytest.mark.anyio

TOKEN = "/api/v1/auth/token"


async def hash_of(identity: Identity, account: Account) -> str:
    async with identity.database.personal_work(user_id_of(account)) as work:
        return (await accounts.get(work, user_id_of(account))).password_hash or ""


async def status(client: httpx.AsyncClient, account: Account, password: str) -> int:
    form = {"username": account["email"], "password": password}
    return (await client.post(TOKEN, data=form)).status_code


@pytest.mark.parametrize("prefix", [b"2a", b"2b"])
async def test_a_password_from_elsewhere_fits_and_is_kept_better_from_then_on(
    prefix: bytes, client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    old = bcrypt.hashpw(b"an old password", bcrypt.gensalt(4, prefix)).decode()
    await accounts.set_password(identity.database, user_id_of(grace), old)
    assert await status(client, grace, "another password") == 401
    assert await hash_of(identity, grace) == old
    assert await status(client, grace, "an old password") == 200
    better = await hash_of(identity, grace)
    assert better.startswith("$argon2id$")
    assert await status(client, grace, "an old password") == 200
    assert await hash_of(identity, grace) == better


async def test_hashes_that_others_have_published_fit(identity: Identity) -> None:
    """From the test vectors of crypt_blowfish 1.3, whose author is bcrypt's keeper."""
    for password, stored in (
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
    ):
        checked = await identity.passwords.check(password, stored)
        assert checked.fits
        assert (checked.better or "").startswith("$argon2id$")


async def test_of_a_long_password_bcrypt_has_seen_the_beginning(identity: Identity) -> None:
    old = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()
    assert await identity.passwords.verify("x" * 100, old)
    assert not await identity.passwords.verify("x" * 71, old)


async def test_what_is_wrong_costs_the_same_whatever_is_stored(
    identity: Identity, grace: Account
) -> None:
    """Measured in the processor's time: other programs of the machine make no difference."""
    slow = bcrypt.hashpw(b"an old password", bcrypt.gensalt(9)).decode()
    quick = bcrypt.hashpw(b"an old password", bcrypt.gensalt(7)).decode()
    await accounts.set_password(identity.database, user_id_of(grace), slow)
    slowest = await accounts.slowest_hash(identity.database)
    assert slowest == 9
    argon2 = await identity.passwords.hash("a good password")
    spent: dict[str, list[float]] = {}
    typical = [0.0, 1.0]
    for attempt in range(50):
        for kind, stored in {"slow": slow, "quick": quick, "argon2": argon2, "": None}.items():
            began = process_time()
            assert not (await identity.passwords.check("wrong", stored, slowest)).fits
            spent.setdefault(kind, []).append(process_time() - began)
        typical = [median(each) for each in spent.values()]
        if attempt >= 6 and max(typical) < 1.35 * min(typical):
            break
    assert max(typical) < 1.35 * min(typical)


async def test_nobody_waits_for_bcrypt_where_nobody_has_a_hash_of_it(
    client: httpx.AsyncClient, identity: Identity, grace: Account, time: Clock
) -> None:
    assert await accounts.slowest_hash(identity.database) is None
    old = bcrypt.hashpw(b"an old password", bcrypt.gensalt(5)).decode()
    await accounts.set_password(identity.database, user_id_of(grace), old)
    assert await accounts.slowest_hash(identity.database) == 5
    assert await status(client, grace, "an old password") == 200
    assert await accounts.slowest_hash(identity.database) is None
    await accounts.set_password(identity.database, user_id_of(grace), "$2b$99$nonsense")
    assert await accounts.slowest_hash(identity.database) == 99
    time.pass_by(seconds=5)
    assert not (await identity.passwords.check("x", "$2b$99$nonsense", 4)).fits


@pytest.mark.parametrize("stored", ["", "plain", "$2b$04$short", "$argon2id$v=19$m=1", "$1$a$b"])
async def test_what_is_no_hash_fits_no_password(stored: str, identity: Identity) -> None:
    assert not await identity.passwords.verify("plain", stored)
