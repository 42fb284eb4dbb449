"""Access tokens: what is ours, and what is not."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from folkmoot.identity import jose
from folkmoot.identity.callers import tokens
from folkmoot.identity.callers.signing import Ring, key_of
from folkmoot.identity.callers.tokens import AccessTokens
from folkmoot.kit import clock, crypto
from folkmoot.kit.ids import SessionId, UserId, new_id

SECRET = "the secret key of this deployment"
USER, SESSION = UserId(new_id()), SessionId(new_id())

Parts = dict[str, Any]
ODD: tuple[object, ...] = (None, True, 5, -1.5, "", "x", [], ["x"], [5], {}, {"a": 1})


def ours(secret: str = SECRET) -> AccessTokens:
    key = key_of(secret, None)
    return AccessTokens(Ring(key, [key]))


def parts(token: str) -> tuple[Parts, Parts, str]:
    header, claims, signature = token.split(".")
    return decoded(header), decoded(claims), signature


def decoded(part: str) -> Parts:
    value: Parts = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_an_access_token_names_its_user_and_session_for_a_quarter_of_an_hour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    access = ours()
    token = access.issue(USER, SESSION)
    claims = access.read(token)
    assert claims is not None
    assert (claims.user_id, claims.session_id) == (USER, SESSION)
    assert access.read(token.encode()) == claims
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=14))
    assert access.read(token) == claims
    monkeypatch.setattr(clock, "now", lambda: now + tokens.LIFETIME)
    assert access.read(token) is None


def test_an_access_token_carries_no_more_than_is_needed() -> None:
    header, claims, _ = parts(ours().issue(USER, SESSION))
    assert header.keys() == {"alg", "typ", "kid"}
    assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "exp"}


def test_another_deployments_token_does_not_count() -> None:
    assert ours().read(ours("another").issue(USER, SESSION)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS384"},
        {"alg": "RS256"},
        {"alg": ["HS256"]},
        {"alg": None},
        {"typ": "JWT"},
        {"typ": "refresh+jwt"},
        {"kid": "../../dev/null"},
        {"kid": 7},
        {"jwk": {"kty": "oct", "k": ""}},
        {"jku": "https://attacker.example/keys"},
        {"crit": ["b64"], "b64": False},
    ],
)
def test_a_header_that_is_not_ours_does_not_count(change: Parts) -> None:
    access = ours()
    token = access.issue(USER, SESSION)
    header, _, signature = parts(token)
    for last in (signature, ""):
        forged = ".".join([encoded(header | change), token.split(".")[1], last])
        assert access.read(forged) is None


@pytest.mark.parametrize("name", ["alg", "typ", "kid", "crit", "b64", "zip", "jwk", "x5c"])
def test_a_header_of_any_shape_is_only_another_header(name: str) -> None:
    access = ours()
    header, claims, signature = access.issue(USER, SESSION).split(".")
    for value in ODD:
        changed = encoded(decoded(header) | {name: value})
        assert access.read(f"{changed}.{claims}.{signature}") is None


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "sid", "exp"])
def test_a_claim_of_any_shape_is_only_another_claim_even_under_our_key(name: str) -> None:
    access = ours()
    header, claims, _ = parts(access.issue(USER, SESSION))
    key = OctKey.import_key(crypto.derive(SECRET, "access tokens"))
    for value in ODD:
        token = jwt.encode(header, claims | {name: value}, key, algorithms=["HS256"])
        assert access.read(token) is None


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"aud": None},
        {"sub": "root"},
        {"sub": 1},
        {"sid": None},
        {"sid": "x"},
        {"exp": None},
        {"exp": 0},
        {"exp": "tomorrow"},
        {"iat": 2**40},
    ],
)
def test_claims_that_are_not_ours_do_not_count_even_under_our_key(change: Parts) -> None:
    access = ours()
    header, claims, _ = parts(access.issue(USER, SESSION))
    key = OctKey.import_key(crypto.derive(SECRET, "access tokens"))
    assert access.read(jwt.encode(header, claims, key, algorithms=["HS256"])) is not None
    assert access.read(jwt.encode(header, claims | change, key, algorithms=["HS256"])) is None


@pytest.mark.parametrize("change", [{"typ": "JWT"}, {"typ": "refresh+jwt"}, {"kid": "another"}])
def test_a_header_of_another_kind_of_token_does_not_count_even_under_our_key(
    change: Parts,
) -> None:
    access = ours()
    header, claims, _ = parts(access.issue(USER, SESSION))
    key = OctKey.import_key(crypto.derive(SECRET, "access tokens"))
    assert access.read(jwt.encode(header | change, claims, key, algorithms=["HS256"])) is None


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_changed_token_does_not_count(part: int) -> None:
    access = ours()
    changed = access.issue(USER, SESSION).split(".")
    first = changed[part][4]
    changed[part] = changed[part][:4] + ("A" if first != "A" else "B") + changed[part][5:]
    assert access.read(".".join(changed)) is None


NOISE: list[Callable[[], str]] = [
    lambda: "",
    lambda: "..",
    lambda: "eyJ.eyJ.eyJ",
    lambda: "é.é.é",
    lambda: "\x00",
    lambda: "fm_" + "x" * 43,
    lambda: "x" * 5000,
    lambda: encoded([]) + "." + encoded({}) + ".",
]


@pytest.mark.parametrize("noise", NOISE)
def test_noise_is_no_token(noise: Callable[[], str]) -> None:
    assert ours().read(noise()) is None


def test_claims_that_are_nested_too_deep_to_be_read_are_no_token() -> None:
    secret = b"k" * 32
    header, claims = (
        base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"HS256"}', b"[" * 30_000)
    )
    signature = hmac.digest(secret, header + b"." + claims, "sha256")
    token = b".".join([header, claims, base64.urlsafe_b64encode(signature).rstrip(b"=")])
    assert jose.read(token, secret, ["HS256"], jose.Rules({})) is None
