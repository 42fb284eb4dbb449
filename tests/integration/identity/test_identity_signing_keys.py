"""Changing the key that signs access tokens, while several processes serve."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import httpx
import psycopg
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from folkmoot.db.work import Database
from folkmoot.identity.callers import signing, tokens
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit import clock, crypto
from folkmoot.kit.ids import new_id
from identity_app import SECRET_KEY, Account, Clock, bearer, client_of, sign_in

pytestmark = pytest.mark.anyio

LIFETIME = tokens.LIFETIME.total_seconds()
SPREADS = signing.SPREADS.total_seconds()


def header_of(token: str) -> dict[str, Any]:
    part = token.split(".", maxsplit=1)[0]
    header: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return header


async def whoami(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/api/v1/me", headers=bearer(token))).status_code


@pytest.fixture
def other(database: Database) -> Identity:
    """The same deployment in another process."""
    return Identity(database, IdentityOptions(secret_key=SECRET_KEY))


@pytest.mark.core
async def test_tokens_of_the_key_before_count_until_they_expire(
    client: httpx.AsyncClient, other: Identity, owner_address: str, grace: Account, time: Clock
) -> None:
    async with client_of(other) as another_process:
        old = (await sign_in(client, grace))["access_token"]
        begins = await signing.rotate(owner_address)
        assert begins - clock.now() <= signing.SPREADS
        time.pass_by(seconds=SPREADS)
        new = (await sign_in(another_process, grace))["access_token"]
        assert header_of(new).keys() == header_of(old).keys() == {"alg", "typ", "kid"}
        assert header_of(new)["kid"] != header_of(old)["kid"]
        for each in (client, another_process):
            assert await whoami(each, old) == 200
            assert await whoami(each, new) == 200
        time.pass_by(seconds=LIFETIME - SPREADS - 1)
        assert await whoami(client, new) == 200
        time.pass_by(seconds=SPREADS / 2)  # a busy machine may take the other half
        assert await whoami(client, old) == 401
        assert await whoami(client, new) == 200


async def test_every_process_knows_a_key_before_any_signs_with_it(
    client: httpx.AsyncClient, other: Identity, owner_address: str, grace: Account, time: Clock
) -> None:
    first = (await sign_in(client, grace))["access_token"]
    await signing.rotate(owner_address)
    time.pass_by(seconds=SPREADS - 1)
    still = (await sign_in(client, grace))["access_token"]
    assert header_of(still)["kid"] == header_of(first)["kid"]
    ahead = signing.key_of(SECRET_KEY, None)
    assert header_of(still)["kid"] == ahead.header["kid"]


async def test_a_key_that_was_replaced_forges_nothing_once_its_tokens_have_expired(
    client: httpx.AsyncClient, identity: Identity, owner_address: str, grace: Account, time: Clock
) -> None:
    """Whatever such a token says of when it was made."""
    stolen = signing.key_of(SECRET_KEY, None)
    await signing.rotate(owner_address)
    time.pass_by(seconds=LIFETIME + 3 * SPREADS)
    current = (await sign_in(client, grace))["access_token"]
    claims = jwt.decode(current, current_key(owner_address)).claims
    forged = jwt.encode(stolen.header, claims, OctKey.import_key(stolen.secret))
    assert await whoami(client, current) == 200
    assert await whoami(client, forged) == 401


def current_key(owner_address: str) -> OctKey:
    with psycopg.connect(owner_address) as connection:
        (id_,) = connection.execute(
            "SELECT id FROM signing_keys ORDER BY id DESC LIMIT 1"
        ).fetchone() or (None,)
    return OctKey.import_key(signing.key_of(SECRET_KEY, id_).secret)


async def test_many_changes_one_after_the_other_leave_those_keys_that_still_count(
    client: httpx.AsyncClient, owner_address: str, grace: Account, time: Clock
) -> None:
    for _ in range(signing.REMEMBERED + 3):
        await signing.rotate(owner_address)
    time.pass_by(seconds=SPREADS)
    token = (await sign_in(client, grace))["access_token"]
    assert await whoami(client, token) == 200
    await signing.rotate(owner_address)
    time.pass_by(seconds=SPREADS)
    assert await whoami(client, token) == 200


async def test_the_application_cannot_change_keys(app_address: str) -> None:
    with psycopg.connect(app_address) as connection, pytest.raises(psycopg.Error):
        connection.execute(signing.ADD, (new_id(), clock.now()))


async def test_no_table_holds_a_key(
    client: httpx.AsyncClient, owner_address: str, grace: Account, time: Clock
) -> None:
    await signing.rotate(owner_address)
    time.pass_by(seconds=SPREADS)
    token = (await sign_in(client, grace))["access_token"]
    with psycopg.connect(owner_address) as connection:
        (id_,) = connection.execute("SELECT id FROM signing_keys").fetchone() or (None,)
    guess = OctKey.import_key(crypto.derive("another secret", f"access tokens {id_}"))
    with pytest.raises(Exception, match="bad_signature"):
        jwt.decode(token, guess)


@pytest.mark.parametrize("name", ["refresh_token", "none", "rsa", "key"])
async def test_what_is_no_access_token_opens_nothing(
    name: str, client: httpx.AsyncClient, grace: Account
) -> None:
    pair = await sign_in(client, grace)
    genuine = header_of(pair["access_token"])
    secret = signing.key_of(SECRET_KEY, None).secret
    claims = jwt.decode(pair["access_token"], OctKey.import_key(secret)).claims
    body = pair["access_token"].split(".")[1]
    rsa = RSAKey.generate_key(2048)
    forged = {
        "refresh_token": pair["refresh_token"],
        "none": f"{encoded(genuine | {'alg': 'none'})}.{body}.",
        "rsa": jwt.encode(genuine | {"alg": "RS256"}, claims, rsa),
        "key": signed(genuine, claims, rsa.as_pem(private=False)),
    }[name]
    assert await whoami(client, forged) == 401


@pytest.mark.parametrize("kid", ["", "../../../dev/null", "' OR 1=1 --", "0" * 16, None, 7, ["x"]])
async def test_a_key_is_not_looked_up_by_what_a_token_says(
    kid: object, client: httpx.AsyncClient, grace: Account
) -> None:
    token = (await sign_in(client, grace))["access_token"]
    secret = signing.key_of(SECRET_KEY, None).secret
    claims = jwt.decode(token, OctKey.import_key(secret)).claims
    forged = signed(header_of(token) | {"kid": kid}, claims, secret)
    assert await whoami(client, token) == 200
    assert await whoami(client, forged) == 401


def signed(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """Sign anything: the library would refuse a header of this shape."""
    text = f"{encoded(header)}.{encoded(claims)}"
    tag = hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(tag).decode().rstrip('=')}"


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_lifetimes_fit_together() -> None:
    assert timedelta(seconds=4) < signing.SPREADS
    assert timedelta(minutes=15) >= tokens.LIFETIME
