"""How the console signs in and stays signed in."""

import asyncio
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx
import pytest
from sqlalchemy import select, update

from folkmoot.db.work import Database
from folkmoot.identity.models import SignInLink, User
from folkmoot.identity.routes.client import is_loopback
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.identity.sign_in import sessions
from folkmoot.kit import clock
from identity_app import SECRET_KEY, Account, Clock, bearer, client_of, sign_in, user_id_of

pytestmark = pytest.mark.anyio

CONSOLE = "/api/v1/auth/console"
REFRESH = f"{CONSOLE}/refresh"
GRACE = sessions.GRACE.total_seconds()
OURS = {"X-Requested-With": "folkmoot-console"}


def credentials_of(account: Account) -> dict[str, str]:
    return {"email": account["email"], "password": account["password"]}


def cookie_of(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


@pytest.fixture
async def secure(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a deployment that is reached by HTTPS."""
    identity = Identity(database, IdentityOptions(secret_key=SECRET_KEY, https=True))
    async with client_of(identity) as client:
        client.base_url = httpx.URL("https://folkmoot.example")
        yield client


async def test_the_refresh_token_goes_into_a_cookie_that_no_script_can_read(
    client: httpx.AsyncClient, grace: Account
) -> None:
    answer = await client.post(CONSOLE, json=credentials_of(grace))
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    cookie = cookie_of(answer)["folkmoot"]
    assert cookie.value.startswith("fm_refresh_")
    assert cookie.value not in answer.text
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert (cookie["secure"], cookie["domain"]) == ("", "")
    assert int(cookie["max-age"]) > 29 * 24 * 3600
    headers = bearer(answer.json()["access_token"])
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 200


async def test_over_https_the_cookie_is_bound_to_the_host(
    secure: httpx.AsyncClient, client: httpx.AsyncClient, grace: Account
) -> None:
    answer = await secure.post(CONSOLE, json=credentials_of(grace))
    cookie = cookie_of(answer)["__Host-folkmoot"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    assert (await secure.post(REFRESH, headers=OURS)).status_code == 200


async def test_the_console_continues_its_session_with_the_cookie(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    before = cookie_of(await client.post(CONSOLE, json=credentials_of(grace)))["folkmoot"].value
    time.pass_by(minutes=14)
    answer = await client.post(REFRESH, headers=OURS)
    assert cookie_of(answer)["folkmoot"].value != before
    headers = bearer(answer.json()["access_token"])
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 200


async def test_two_tabs_may_continue_at_the_same_time(
    client: httpx.AsyncClient, grace: Account
) -> None:
    await client.post(CONSOLE, json=credentials_of(grace))
    answers = await asyncio.gather(*(client.post(REFRESH, headers=OURS) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await client.post(REFRESH, headers=OURS)).status_code == 200


async def test_a_page_that_lost_the_answer_can_ask_again_for_a_few_seconds(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    signed_in = await client.post(CONSOLE, json=credentials_of(grace))
    old = {"folkmoot": cookie_of(signed_in)["folkmoot"].value}
    lost = cookie_of(await client.post(REFRESH, headers=OURS))["folkmoot"].value
    for seconds, status in ((GRACE - 1, 200), (2, 401)):
        time.pass_by(seconds=seconds)
        client.cookies = httpx.Cookies(old)
        answer = await client.post(REFRESH, headers=OURS)
        assert answer.status_code == status
        assert status == 401 or cookie_of(answer)["folkmoot"].value == lost
    client.cookies = httpx.Cookies({"folkmoot": lost})
    assert (await client.post(REFRESH, headers=OURS)).status_code == 401


async def test_another_sites_page_cannot_use_the_cookie(
    client: httpx.AsyncClient, grace: Account
) -> None:
    await client.post(CONSOLE, json=credentials_of(grace))
    for headers in ({}, {"X-Requested-With": "XMLHttpRequest"}):
        for path in (REFRESH, "/api/v1/auth/logout"):
            answer = await client.post(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "request_forged")
    assert (await client.post(REFRESH, headers=OURS)).status_code == 200


async def test_without_a_cookie_there_is_nothing_to_continue(client: httpx.AsyncClient) -> None:
    answer = await client.post(REFRESH, headers=OURS)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


async def test_logging_out_of_the_console_ends_the_session_and_takes_the_cookie_back(
    client: httpx.AsyncClient, grace: Account
) -> None:
    signed_in = await client.post(CONSOLE, json=credentials_of(grace))
    token = cookie_of(signed_in)["folkmoot"].value
    answer = await client.post("/api/v1/auth/logout", headers=OURS)
    assert (answer.status_code, cookie_of(answer)["folkmoot"]["max-age"]) == (204, "0")
    headers = bearer(signed_in.json()["access_token"])
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401
    body = {"refresh_token": token}
    assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401


async def test_a_wrong_password_gets_no_cookie(client: httpx.AsyncClient, grace: Account) -> None:
    body = credentials_of(grace) | {"password": "not the password"}
    answer = await client.post(CONSOLE, json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [{}, {"link": ""}, {"link": "x" * 201}, {"email": "a@b"}, {"link": "x", "email": "a@b"}, []],
)
async def test_one_way_in_has_to_be_chosen(body: object, client: httpx.AsyncClient) -> None:
    assert (await client.post(CONSOLE, json=body)).status_code == 422


async def test_a_sign_in_link_lets_its_user_in_once(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    link = await identity.issue_sign_in_link(user_id_of(grace))
    answer = await client.post(CONSOLE, json={"link": link})
    headers = bearer(answer.json()["access_token"])
    assert (await client.get("/api/v1/me", headers=headers)).json()["id"] == grace["id"]
    again = await client.post(CONSOLE, json={"link": link})
    assert (again.status_code, again.json()["code"]) == (401, "sign_in_link_expired")


async def test_of_many_who_use_a_link_at_once_one_gets_in(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    link = await identity.issue_sign_in_link(user_id_of(grace))
    answers = await asyncio.gather(*(client.post(CONSOLE, json={"link": link}) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


async def test_a_sign_in_link_is_good_for_a_quarter_of_an_hour(
    client: httpx.AsyncClient, identity: Identity, grace: Account, time: Clock
) -> None:
    link = await identity.issue_sign_in_link(user_id_of(grace))
    time.pass_by(minutes=15)
    assert (await client.post(CONSOLE, json={"link": link})).status_code == 401
    await identity.issue_sign_in_link(user_id_of(grace))
    async with identity.database.personal_work(user_id_of(grace)) as work:
        kept = (await work.session.scalars(select(SignInLink))).all()
    assert [row.expires_at > clock.now() for row in kept] == [True]


async def test_a_link_for_this_machine_works_from_no_other_and_is_not_used_up_there(
    client: httpx.AsyncClient, elsewhere: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    link = await identity.issue_sign_in_link(user_id_of(grace))
    assert (await elsewhere.post(CONSOLE, json={"link": link})).status_code == 401
    assert (await client.post(CONSOLE, json={"link": link})).status_code == 200


async def test_a_link_for_everywhere_works_from_everywhere(
    elsewhere: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    link = await identity.issue_sign_in_link(user_id_of(grace), loopback_only=False)
    assert (await elsewhere.post(CONSOLE, json={"link": link})).status_code == 200


async def test_a_link_of_a_deleted_user_lets_nobody_in(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    link = await identity.issue_sign_in_link(user_id_of(grace))
    async with identity.database.personal_work(user_id_of(grace)) as work:
        await work.session.execute(update(User).values(deleted_at=clock.now()))
    assert (await client.post(CONSOLE, json={"link": link})).status_code == 401


async def test_links_are_not_counted_as_guesses_of_a_password(
    client: httpx.AsyncClient, grace: Account
) -> None:
    for _ in range(12):
        answer = await client.post(CONSOLE, json={"link": "fm_link_wrong"})
        assert answer.json()["code"] == "sign_in_link_expired"
    await sign_in(client, grace)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:192.0.2.1", False),
        ("192.0.2.1", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_only_this_machines_own_addresses_are_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback
