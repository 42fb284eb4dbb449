"""`Idempotency-Key` over HTTP: one effect, the same answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import httpx
import psycopg
import pytest
from fastapi import APIRouter, FastAPI
from starlette.requests import HTTPConnection

from folkmoot.db.work import Database
from folkmoot.http.access import PUBLIC
from folkmoot.http.idempotency.answers import REPLAYED
from folkmoot.http.idempotency.errors import RequestInFlight
from folkmoot.http.idempotency.keys import Keys
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.ports import HttpPorts
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.errors import Conflict, RateLimited, Unavailable
from folkmoot.kit.subject import Subject
from identity_app import SECRET_KEY, Account, bearer, enroll, sign_in
from repeating import Workshop

pytestmark = pytest.mark.anyio

KEYS = "/api/v1/api-keys"
BODY = {"name": "a key"}
SOON = timedelta(milliseconds=300)


@pytest.fixture
async def headers(client: httpx.AsyncClient, grace: Account) -> dict[str, str]:
    token = (await sign_in(client, grace))["access_token"]
    return bearer(token, **{"Idempotency-Key": "once"})


async def listed(client: httpx.AsyncClient, headers: Mapping[str, str]) -> int:
    return len((await client.get(KEYS, headers=headers)).json()["items"])


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.mark.core
async def test_the_same_key_gives_the_same_answer_again(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    first = await client.post(KEYS, json=BODY, headers=headers)
    again = await client.post(KEYS, json=BODY, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for name in ("content-type", "cache-control"):
        assert again.headers[name] == first.headers[name]
    assert REPLAYED not in first.headers
    assert again.headers[REPLAYED] == "true"
    assert await listed(client, headers) == 1


async def test_the_same_key_with_another_request_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    await client.post(KEYS, json=BODY, headers=headers)
    other = {"name": "another"}
    refused = await client.post(KEYS, json=other, headers=headers)
    assert code(refused) == (422, "idempotency_key_reused")
    elsewhere = await client.post(f"{KEYS}?some=thing", json=BODY, headers=headers)
    assert code(elsewhere) == (422, "idempotency_key_reused")
    in_a_team = await client.post(KEYS, json=BODY, headers=headers | {"X-Team-Id": "x"})
    assert in_a_team.status_code in {404, 422}
    assert await listed(client, headers) == 1


@pytest.mark.core
async def test_ten_at_once_have_one_effect(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answers = await asyncio.gather(
        *(client.post(KEYS, json=BODY, headers=headers) for _ in range(10))
    )
    made = {answer.content for answer in answers if answer.status_code == HTTPStatus.CREATED}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code != HTTPStatus.CREATED:
            assert code(answer) == (409, "request_in_flight")
            assert answer.headers["retry-after"] == "1"
    assert await listed(client, headers) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "umlaut ä", "tab\there"])
async def test_a_key_is_short_and_printable(
    key: str, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    encoded = {
        b"Authorization": headers["Authorization"].encode(),
        b"Idempotency-Key": key.encode("latin-1"),
    }
    refused = await client.post(KEYS, json=BODY, headers=encoded)
    assert code(refused) == (400, "idempotency_key_invalid")


async def test_a_key_counts_for_one_user_one_organisation_and_one_route(
    client: httpx.AsyncClient,
    identity: Identity,
    headers: dict[str, str],
    grace: Account,
    linus: Account,
) -> None:
    await enroll(identity, linus, grace, OrgRole.MEMBER)
    theirs = bearer((await sign_in(client, linus))["access_token"], **{"Idempotency-Key": "once"})
    there = headers | {"X-Organization-Id": linus["organization_id"]}
    answers = [
        await client.post(KEYS, json=BODY, headers=each) for each in (headers, theirs, there)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.json()["id"] for answer in answers}) == 3


async def test_a_refusal_is_answered_again_and_one_for_now_is_not(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    past = BODY | {"expires_at": "2020-01-01T00:00:00Z"}
    refused = [await client.post(KEYS, json=past, headers=headers) for _ in range(2)]
    assert [each.status_code for each in refused] == [409, 409]
    assert refused[0].content == refused[1].content
    assert refused[1].headers[REPLAYED] == "true"
    nobody = {"Idempotency-Key": "nobody"}
    answers = [await client.post(KEYS, json=BODY, headers=nobody) for _ in range(2)]
    assert [each.status_code for each in answers] == [401, 401]
    assert REPLAYED not in answers[1].headers


async def test_registering_twice_makes_one_account(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient
) -> None:
    person = {"email": "ada@example.org", "password": "ada ada ada ada", "name": "Ada"}
    key = {"Idempotency-Key": "join"}
    address = "/api/v1/auth/register"
    first = await client.post(address, json=person, headers=key)
    again = await client.post(address, json=person, headers=key)
    assert (first.status_code, again.content) == (201, first.content)
    stranger = await elsewhere.post(address, json=person, headers=key)
    assert code(stranger) == (409, "email_taken")


async def test_nothing_that_is_stored_tells_a_secret(
    client: httpx.AsyncClient, headers: dict[str, str], superuser_address: str
) -> None:
    made = (await client.post(KEYS, json=BODY, headers=headers)).json()["key"]
    with psycopg.connect(superuser_address) as connection:
        rows = connection.execute("SELECT * FROM idempotency_keys").fetchall()
    assert len(rows) == 1
    stored = b"".join(bytes(each) for each in rows[0] if isinstance(each, bytes))
    for secret in (made, "once", "a key"):
        assert secret.encode() not in stored


async def test_a_key_that_may_do_less_is_not_shown_what_one_that_may_more_has_made(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    made = await client.post(KEYS, json={"name": "k"}, headers=headers | {"Idempotency-Key": "k"})
    narrow = await client.post(
        KEYS,
        json={"name": "n", "scopes": ["api_keys:write"]},
        headers=headers | {"Idempotency-Key": "n"},
    )
    by_key = {"X-API-Key": narrow.json()["key"], "Idempotency-Key": "k"}
    other = await client.post(KEYS, json={"name": "k"}, headers=by_key)
    assert other.json()["key"] != made.json()["key"]


@pytest.fixture
def keys(database: Database) -> Keys:
    return Keys(database, SECRET_KEY, lease=SOON)


@pytest.fixture
async def workshop(keys: Keys, database: Database, subject: Subject) -> AsyncIterator[Workshop]:
    workshop = Workshop(keys, subject, database)
    async with workshop.client:
        yield workshop


async def test_who_asks_while_the_first_is_in_flight_is_told_to_wait(workshop: Workshop) -> None:
    workshop.gate.clear()
    first = asyncio.create_task(workshop.make())
    await workshop.began.wait()
    assert code(await workshop.make()) == (409, "request_in_flight")
    assert code(await workshop.make(name="other")) == (422, "idempotency_key_reused")
    workshop.gate.set()
    assert (await first).json() == {"place": "here", "name": "n", "call": 1}
    assert (await workshop.make()).json()["call"] == 1


async def test_a_request_that_takes_long_keeps_its_key(
    workshop: Workshop, superuser_address: str
) -> None:
    workshop.gate.clear()
    first = asyncio.create_task(workshop.make())
    await workshop.began.wait()
    query = "SELECT claim, leased_until FROM idempotency_keys"
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        taken = connection.execute(query).fetchone()
        async with asyncio.timeout(60):
            while connection.execute(query).fetchone() == taken:
                assert code(await workshop.make()) == (409, "request_in_flight")
    workshop.gate.set()
    assert (await first).status_code == HTTPStatus.OK


async def test_a_key_whose_holder_died_is_free_after_its_lease(
    workshop: Workshop, keys: Keys, subject: Subject
) -> None:
    key = keys.key(subject, "k", "POST", "/api/things/{place}")
    assert await keys.claim(key, b"whatever it was") is None  # and nothing ever comes of it
    assert (await workshop.make(name="early")).status_code in {409, 422}
    async with asyncio.timeout(60):
        while (answer := await workshop.make()).status_code != HTTPStatus.OK:
            assert answer.status_code in {409, 422}
    assert workshop.calls == 1


@pytest.mark.parametrize(
    "failure", [RuntimeError("a mistake"), Unavailable("gone"), RateLimited("slow", retry_after=1)]
)
async def test_what_may_be_different_next_time_is_tried_again(
    failure: Exception, workshop: Workshop
) -> None:
    workshop.fails = failure
    assert (await workshop.make()).status_code in {429, 500, 503}
    workshop.fails = None
    again = await workshop.make()
    assert (again.status_code, again.json()["call"]) == (200, 2)


async def test_a_conflict_stays_the_answer(workshop: Workshop) -> None:
    workshop.fails = Conflict("Taken.")
    first = await workshop.make()
    workshop.fails = None
    again = await workshop.make()
    assert (again.status_code, again.content, workshop.calls) == (409, first.content, 1)


async def test_the_path_is_part_of_the_request(workshop: Workshop) -> None:
    await workshop.make()
    assert code(await workshop.make(place="there")) == (422, "idempotency_key_reused")


async def test_a_form_sent_again_is_known_by_its_parts_and_not_by_its_boundary(
    workshop: Workshop,
) -> None:
    first = await workshop.send(b"one" * 100_000, b"two")
    again = await workshop.send(b"one" * 100_000, b"two")
    assert (first.status_code, again.status_code) == (200, 200)
    assert (again.content, workshop.calls) == (first.content, 1)
    assert again.headers[REPLAYED] == "true"
    for other in ((b"one" * 100_000, b"TWO"), (b"one" * 99_999, b"two"), (b"x" * 900_000,)):
        assert code(await workshop.send(*other)) == (422, "idempotency_key_reused")
    assert workshop.calls == 1


async def test_a_form_that_was_refused_half_read_may_be_sent_again(workshop: Workshop) -> None:
    workshop.fails = Conflict("Not now.")
    assert (await workshop.send(b"one" * 100_000)).status_code == HTTPStatus.CONFLICT
    workshop.fails = None
    assert (await workshop.send(b"one" * 100_000)).status_code == HTTPStatus.OK


async def test_keys_are_forgotten_after_a_day(workshop: Workshop, superuser_address: str) -> None:
    for key in ("a", "b", "c"):
        await workshop.make(key)
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        connection.execute("UPDATE idempotency_keys SET expires_at = now()")
        again = await workshop.make("a")
        assert (again.json()["call"], REPLAYED in again.headers) == (4, False)
        left = connection.execute("SELECT count(*) FROM idempotency_keys").fetchone()
    assert left == (1,)


async def test_a_key_given_back_by_another_meanwhile_is_asked_for_once_more(
    keys: Keys, subject: Subject
) -> None:
    key = keys.key(subject, "k", "POST", "/somewhere")
    await keys.claim(key, b"one")
    with pytest.raises(RequestInFlight):
        await keys.claim(keys.key(subject, "k", "POST", "/somewhere"), None)
    await keys.release(key)
    assert await keys.claim(keys.key(subject, "k", "POST", "/somewhere"), b"two") is None


async def test_without_a_memory_the_header_means_nothing(
    database: Database, subject: Subject
) -> None:
    app = FastAPI()

    async def authenticate(connection: HTTPConnection) -> Subject:
        return subject

    app.state.http = HttpPorts(authenticate, database)
    routes = APIRouter(route_class=Idempotent)
    seen: list[UUID] = []

    @routes.post("/", dependencies=[PUBLIC])
    async def note() -> int:
        seen.append(UUID(int=0))
        return len(seen)

    app.include_router(routes)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        for expected in (1, 2):
            answer = await client.post("/", headers={"Idempotency-Key": "k"})
            assert answer.json() == expected


async def test_an_organisation_that_is_asked_for_twice_is_made_once(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answers = [
        await client.post("/api/v1/organizations", json={"name": "Two"}, headers=headers)
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].content == answers[1].content
