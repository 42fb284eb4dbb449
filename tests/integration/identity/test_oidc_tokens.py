"""Bearer tokens of an outside issuer, verified by the keys that it publishes."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from folkmoot.db.work import Database, Work
from folkmoot.identity.models import Membership, Organization
from folkmoot.identity.oidc import fetching
from folkmoot.identity.oidc.issuer import Issuer
from folkmoot.identity.organizations import members
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId, new_id
from identity_app import (
    SECRET_KEY,
    Account,
    Clock,
    bearer,
    client_of,
    register,
    sign_in,
    subject_of,
)
from issuing import AUDIENCE, LocalIssuer, local_issuer

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with local_issuer() as issuer:
        yield issuer


def trusting(database: Database, issuer: LocalIssuer, **options: Any) -> Identity:
    told = Issuer(name="local", url=issuer.url, audience=AUDIENCE, **options)
    return Identity(database, IdentityOptions(secret_key=SECRET_KEY, issuers=[told]))


@pytest.fixture
async def outside(database: Database, issuer: LocalIssuer) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a deployment that trusts the issuer."""
    async with client_of(trusting(database, issuer)) as client:
        yield client


async def ask(client: httpx.AsyncClient, token: str, **headers: str) -> httpx.Response:
    return await client.get(ME, headers=bearer(token, **headers))


@pytest.mark.core
async def test_whoever_the_issuer_vouches_for_has_an_account_from_the_first_request_on(
    outside: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    said = {"sub": "ada", "email": "Ada@example.org", "email_verified": True, "name": "Ada L."}
    answers = await asyncio.gather(*(ask(outside, issuer.token(**said)) for _ in range(6)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    me = answers[0].json()
    assert (me["email"], me["name"]) == ("Ada@example.org", "Ada L.")
    assert [each["role"] for each in me["organizations"]] == ["owner"]
    assert issuer.asked == {"discovery": 1, "keys": 1}
    other = (await ask(outside, issuer.token(sub="eve"))).json()
    assert other["id"] != me["id"]
    assert other["email"].endswith("@local.invalid")


async def test_keys_of_rsa_count_too(outside: httpx.AsyncClient, issuer: LocalIssuer) -> None:
    issuer.rotate(RSAKey)
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://somebody.example"},
        {"aud": "somebody-else"},
        {"aud": ["somebody-else"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"sub": "nul\x00"},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"iat": 2**40},
        {"nbf": 2**40},
    ],
)
async def test_what_a_token_says_must_fit(
    change: dict[str, object], outside: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    assert (await ask(outside, issuer.token(sub="ada", aud=["x", AUDIENCE]))).status_code == 200
    answer = await ask(outside, issuer.token(**{"sub": "ada", **change}))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_no_signature_but_the_issuer_s_counts(
    outside: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    genuine = issuer.token(sub="ada")
    header, claims, signature = genuine.split(".")
    name = list(issuer.keys)[-1]
    said = jwt.decode(genuine, issuer.keys[name]).claims
    stranger, shared = RSAKey.generate_key(2048), OctKey.generate_key(256)
    forged = [
        f"{part({'alg': 'none', 'kid': name})}.{claims}.",
        f"{part({'alg': 'none', 'kid': name})}.{claims}.{signature}",
        jwt.encode({"alg": "RS256", "kid": name}, said, stranger),
        jwt.encode({"alg": "ES256", "kid": name}, said, ECKey.generate_key("P-256")),
        jwt.encode({"alg": "HS256", "kid": name}, said, shared),
        jwt.encode({"alg": "RS256"}, said, stranger),
        jwt.encode({"alg": "RS256", "kid": name, "jwk": stranger.as_dict()}, said, stranger),
        f"{part({'alg': 'RS256', 'kid': [name]})}.{claims}.{signature}",
        f"{header}.{part({**said, 'sub': 'eve'})}.{signature}",
        f"{header}.{claims}.",
        f"{header}.{part([])}.{signature}",
        f"{header}.%%%.{signature}",
    ]
    assert [(await ask(outside, each)).status_code for each in forged] == [401] * len(forged)
    assert (await ask(outside, genuine)).status_code == 200


async def test_a_new_key_is_found_and_unknown_ones_are_asked_for_once_a_minute(
    outside: httpx.AsyncClient, issuer: LocalIssuer, time: Clock
) -> None:
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 200
    time.pass_by(seconds=60)
    issuer.rotate()
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 200
    assert issuer.asked["keys"] == 2
    unknown: list[str] = []
    for _ in range(10):
        name = issuer.rotate()
        unknown.append(issuer.token(sub="ada", key=name))
        del issuer.keys[name]
        assert (await ask(outside, unknown[-1])).status_code == 401
    assert issuer.asked["keys"] == 2
    time.pass_by(seconds=60)
    assert (await ask(outside, unknown[-1])).status_code == 401
    assert issuer.asked["keys"] == 3


async def test_a_key_that_the_issuer_took_back_counts_for_an_hour_at_most(
    outside: httpx.AsyncClient, issuer: LocalIssuer, time: Clock
) -> None:
    old = next(iter(issuer.keys))
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 200
    key = issuer.keys.pop(old)
    issuer.rotate()
    time.pass_by(hours=1)
    issuer.keys[old] = key
    token = issuer.token(sub="ada", key=old)
    del issuer.keys[old]
    assert (await ask(outside, token)).status_code == 401


async def test_an_issuer_that_is_away_is_no_reason_to_forget_its_keys(
    outside: httpx.AsyncClient, issuer: LocalIssuer, time: Clock
) -> None:
    issuer.failing = True
    first = await ask(outside, issuer.token(sub="ada"))
    assert (first.status_code, first.json()["code"]) == (503, "issuer_away")
    asked = dict(issuer.asked)
    assert (await ask(outside, issuer.token(sub="eve"))).status_code == 503
    assert issuer.asked == asked  # asked a moment ago
    issuer.failing = False
    time.pass_by(seconds=5)
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 200
    issuer.failing = True
    time.pass_by(hours=2)
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://somebody.example"},
        {"jwks_uri": None},
        {"jwks_uri": "http://198.51.100.7/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"filling": "x" * fetching.LONGEST},
    ],
)
async def test_a_discovery_document_that_does_not_fit_is_none(
    document: dict[str, object], outside: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    issuer.discovery = document
    assert (await ask(outside, issuer.token(sub="ada"))).status_code == 503


async def test_an_address_that_was_verified_leads_to_its_account_only_if_that_is_wanted(
    database: Database, issuer: LocalIssuer, client: httpx.AsyncClient, grace: Account
) -> None:
    before = await sign_in(client, grace)
    said = {"sub": "g", "email": grace["email"].upper(), "email_verified": True}
    async with client_of(trusting(database, issuer)) as unwanted:
        assert (await ask(unwanted, issuer.token(**said))).status_code == 401
    async with client_of(trusting(database, issuer, link_by_email=True)) as outside:
        for claim in (False, None, "true", 1):
            unverified = issuer.token(**{**said, "sub": f"g {claim}", "email_verified": claim})
            assert (await ask(outside, unverified)).json()["id"] != grace["id"]
        assert (await ask(outside, issuer.token(**said))).json()["id"] == grace["id"]
        assert (await ask(outside, issuer.token(sub="g"))).json()["id"] == grace["id"]
        # Whoever registered that address may have been somebody else.
        assert (await ask(outside, before["access_token"])).status_code == 401
        form = {"username": grace["email"], "password": grace["password"]}
        assert (await outside.post("/api/v1/auth/token", data=form)).status_code == 401


async def test_whoever_had_the_account_of_a_verified_address_keeps_no_key_to_it(
    database: Database, issuer: LocalIssuer, client: httpx.AsyncClient, grace: Account
) -> None:
    before = bearer((await sign_in(client, grace))["access_token"])
    made = await client.post("/api/v1/api-keys", json={"name": "kept"}, headers=before)
    said = {"sub": "g", "email": grace["email"], "email_verified": True}
    async with client_of(trusting(database, issuer, link_by_email=True)) as outside:
        assert (await ask(outside, issuer.token(**said))).json()["id"] == grace["id"]
        assert (await ask(outside, made.json()["key"])).status_code == 401


async def test_of_many_first_requests_at_once_each_finds_the_account(
    database: Database, issuer: LocalIssuer, grace: Account
) -> None:
    token = issuer.token(sub="g", email=grace["email"], email_verified=True)
    processes = [client_of(trusting(database, issuer, link_by_email=True)) for _ in range(4)]
    answers = await asyncio.gather(*(ask(process, token) for process in processes))
    assert [answer.json().get("id") for answer in answers] == [grace["id"]] * 4


async def test_an_address_that_only_looks_like_another_leads_to_nobody_s_account(
    database: Database, issuer: LocalIssuer, client: httpx.AsyncClient
) -> None:
    await register(client, "mike")
    said = {"sub": "m", "email": "mi\N{KELVIN SIGN}e@example.org", "email_verified": True}
    async with client_of(trusting(database, issuer, link_by_email=True)) as outside:
        assert (await ask(outside, issuer.token(**said))).status_code == 401


async def test_where_no_tenant_is_named_the_claim_says_the_organisation_itself(
    database: Database, issuer: LocalIssuer, grace: Account
) -> None:
    async with client_of(trusting(database, issuer, tenant_claim="t")) as outside:
        me = (await ask(outside, issuer.token(sub="ada", t=grace["organization_id"]))).json()
        assert me["organization_id"] == grace["organization_id"]


@pytest.mark.parametrize("ended", ["deleted_at", "suspended_at"])
async def test_nobody_gets_an_account_by_an_organisation_that_is_not_there(
    database: Database, issuer: LocalIssuer, grace: Account, ended: str
) -> None:
    async with database.work(subject_of(grace)) as work:
        place = await work.session.get_one(Organization, work.subject.org_id)
        setattr(place, ended, clock.now())
    async with client_of(trusting(database, issuer, tenant_claim="t")) as outside:
        token = issuer.token(sub="ada", t=grace["organization_id"])
        assert (await ask(outside, token)).status_code == 401


async def test_a_token_for_one_organisation_does_nothing_that_is_the_persons_own(
    database: Database, issuer: LocalIssuer, grace: Account, linus: Account
) -> None:
    mapped = {"tenants": {"acme": grace["organization_id"]}, "tenant_claim": "t"}
    async with client_of(trusting(database, issuer, **mapped)) as outside:
        headers = bearer(issuer.token(sub="ada", t="acme"))
        me = (await outside.get(ME, headers=headers)).json()
        async with database.work(subject_of(linus)) as work:
            person, role = UserId(UUID(me["id"])), OrgRole.OWNER
            work.session.add(Membership(org_id=work.subject.org_id, user_id=person, role=role))
        theirs = f"/api/v1/organizations/{linus['organization_id']}"
        tries = [
            ("POST", "/api/v1/organizations", {"name": "Mine"}),
            ("POST", f"{theirs}/restore", None),
            ("POST", "/api/v1/invitations/accept", {"token": "fm_invitation_x"}),
            ("GET", "/api/v1/sessions", None),
            ("DELETE", "/api/v1/sessions", None),
            ("DELETE", f"/api/v1/sessions/{UUID(int=7)}", None),
            (
                "POST",
                "/api/v1/me/password",
                {"current_password": "x", "new_password": "correct horse battery"},
            ),
        ]
        for method, path, body in tries:
            answer = await outside.request(method, path, json=body, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "person_needed"), path
        told = (await outside.get(ME, headers=headers)).json()
        listed = (await outside.get("/api/v1/organizations", headers=headers)).json()["items"]
    for shown in (told["organizations"], listed):
        assert [each["id"] for each in shown] == [grace["organization_id"]]


async def test_a_role_that_an_issuer_names_does_not_undo_a_transfer_at_the_same_time(
    database: Database,
    issuer: LocalIssuer,
    grace: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mapped = {"tenants": {"acme": grace["organization_id"]}, "tenant_claim": "t"}
    async with client_of(trusting(database, issuer, role_claim="role", **mapped)) as outside:
        me = (await ask(outside, issuer.token(sub="ada", t="acme"))).json()
        heir, lock = UserId(UUID(me["id"])), members.lock

        async def lock_after_a_transfer(work: Work) -> Organization:
            monkeypatch.setattr(members, "lock", lock)
            async with database.work(subject_of(grace)) as theirs:
                await members.transfer_ownership(theirs, heir)
            return await lock(work)

        monkeypatch.setattr(members, "lock", lock_after_a_transfer)
        told = (await ask(outside, issuer.token(sub="ada", t="acme", role="admin"))).json()
    assert [each["role"] for each in told["organizations"]] == ["owner"]


async def test_strangers_get_no_account_where_none_is_made(
    database: Database, issuer: LocalIssuer
) -> None:
    async with client_of(trusting(database, issuer, creates_accounts=False)) as outside:
        assert (await ask(outside, issuer.token(sub="ada"))).status_code == 401


@pytest.mark.core
async def test_claims_of_firebase_name_the_organisation_and_the_role(
    database: Database, issuer: LocalIssuer, grace: Account, linus: Account
) -> None:
    """As Firebase Auth and Identity Platform write them."""
    firebase = trusting(
        database,
        issuer,
        jwks_url=f"{issuer.url}/keys",
        tenant_claim="firebase.tenant",
        tenants={"acme-x7k2p": grace["organization_id"]},
        role_claim="role",
    )
    now = int(clock.now().timestamp())

    def said(tenant: str, **more: object) -> str:
        return issuer.token(
            sub="5rYXy0cPq7hFbUtKZ2",
            user_id="5rYXy0cPq7hFbUtKZ2",
            name="Ada",
            email="ada@example.org",
            email_verified=True,
            auth_time=now,
            firebase={
                "identities": {"google.com": ["113"], "email": ["ada@example.org"]},
                "sign_in_provider": "google.com",
                "tenant": tenant,
            },
            **more,
        )

    async with client_of(firebase) as outside:
        first = await asyncio.gather(*(ask(outside, said("acme-x7k2p")) for _ in range(4)))
        assert {each.status_code for each in first} == {200}
        me = first[0].json()
        assert me["organization_id"] == grace["organization_id"]
        assert [each["role"] for each in me["organizations"]] == ["member"]
        promoted = (await ask(outside, said("acme-x7k2p", role="admin"))).json()
        assert [each["role"] for each in promoted["organizations"]] == ["admin"]
        owner = (await ask(outside, said("acme-x7k2p", role="owner"))).json()
        assert [each["role"] for each in owner["organizations"]] == ["admin"]
        there = {"X-Organization-Id": linus["organization_id"]}
        assert (await ask(outside, said("acme-x7k2p"), **there)).status_code == 404
        for unknown in ("evil", "", str(new_id()), linus["organization_id"]):
            assert (await ask(outside, said(unknown))).status_code == 401
    assert issuer.asked == {"keys": 1}


async def test_tokens_of_nobody_we_trust_cost_no_question(
    client: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    assert (await ask(client, issuer.token(sub="ada"))).status_code == 401
    assert issuer.asked == {}
