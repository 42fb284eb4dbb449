"""Signing in to the console with an outside issuer: authorization code and PKCE."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from folkmoot.db.work import Database
from folkmoot.identity.oidc.issuer import Issuer
from folkmoot.identity.service import Identity, IdentityOptions
from identity_app import SECRET_KEY, Clock, bearer, client_of
from issuing import AUDIENCE, CLIENT, SECRET, LocalIssuer, local_issuer

pytestmark = pytest.mark.anyio

OIDC = "/api/v1/auth/oidc"
START, CALLBACK = f"{OIDC}/local/start", f"{OIDC}/local/callback"
OURS = {"X-Requested-With": "folkmoot-console"}
PUBLIC = "http://folkmoot.example"


@pytest.fixture
async def issuer() -> AsyncIterator[LocalIssuer]:
    async with local_issuer() as issuer:
        yield issuer


def served(database: Database, issuer: LocalIssuer, *, https: bool = False) -> Identity:
    one = Issuer(
        name="local",
        label="Acme",
        url=issuer.url,
        audience=AUDIENCE,
        client_id=CLIENT,
        client_secret=SECRET,
    )
    other = Issuer(
        name="other", url=issuer.url, audience=AUDIENCE, client_id="x", client_secret=SECRET
    )
    silent = Issuer(name="tokens-only", url=issuer.url, audience=AUDIENCE)
    options = IdentityOptions(
        secret_key=SECRET_KEY, issuers=[one, other, silent], public_url=PUBLIC, https=https
    )
    return Identity(database, options)


@pytest.fixture
async def browser(database: Database, issuer: LocalIssuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(served(database, issuer)) as browser:
        yield browser


async def left(browser: httpx.AsyncClient, start: str = START) -> str:
    """Begin; return where the browser is sent."""
    answer = await browser.get(start)
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    return answer.headers["location"]


async def came_back(url: str) -> str:
    """Visit the issuer; return where it sends the browser back to."""
    async with httpx.AsyncClient() as outside:
        return (await outside.get(url)).headers["location"]


@pytest.mark.core
async def test_people_come_back_signed_in_to_the_console(
    browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    listed = (await browser.get(OIDC)).json()
    assert listed == [{"name": "local", "label": "Acme"}, {"name": "other", "label": "other"}]
    asked = await left(browser)
    query = parse_qs(urlsplit(asked).query)
    assert query["redirect_uri"] == [f"{PUBLIC}{CALLBACK}"]
    assert query["code_challenge_method"] == ["S256"]
    answer = await browser.get(await came_back(asked))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookies = answer.headers.get_list("set-cookie")
    session = next(each for each in cookies if each.startswith("folkmoot="))
    assert "HttpOnly" in session
    assert "SameSite=strict" in session
    token = (await browser.post("/api/v1/auth/console/refresh", headers=OURS)).json()
    me = await browser.get("/api/v1/me", headers=bearer(token["access_token"]))
    assert me.status_code == 200
    devices = await browser.get("/api/v1/sessions", headers=bearer(token["access_token"]))
    assert [each["current"] for each in devices.json()["items"]] == [True]


async def test_whoever_signs_in_twice_is_the_same(
    browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    people = set()
    for _ in range(2):
        await browser.get(await came_back(await left(browser)))
        token = (await browser.post("/api/v1/auth/console/refresh", headers=OURS)).json()
        me = await browser.get("/api/v1/me", headers=bearer(token["access_token"]))
        people.add(me.json()["id"])
    assert len(people) == 1


async def test_over_https_the_cookie_is_bound_to_the_host(
    database: Database, issuer: LocalIssuer
) -> None:
    async with client_of(served(database, issuer, https=True)) as browser:
        answer = await browser.get(START)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-folkmoot-oidc=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


async def test_nobody_is_signed_in_by_a_link_that_another_browser_has_begun(
    browser: httpx.AsyncClient, database: Database, issuer: LocalIssuer
) -> None:
    """An attacker's code in a victim's browser."""
    back = await came_back(await left(browser))
    async with client_of(served(database, issuer)) as victim:
        assert (await victim.get(back)).status_code == 401
        await left(victim)
        answer = await victim.get(back)
        assert (answer.status_code, answer.json()["code"]) == (401, "outside_sign_in_failed")
    assert (await browser.get(back)).status_code == 303


async def test_a_code_counts_once_and_for_ten_minutes(
    browser: httpx.AsyncClient, issuer: LocalIssuer, time: Clock
) -> None:
    back = await came_back(await left(browser))
    cookie = dict(browser.cookies)
    assert (await browser.get(back)).status_code == 303
    browser.cookies.update(cookie)
    assert (await browser.get(back)).status_code == 401
    late = await came_back(await left(browser))
    time.pass_by(minutes=11)
    assert (await browser.get(late)).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"state": "x"},
        {"state": ""},
        {"code": "x"},
        {"code": ""},
        {"iss": "https://somebody.example"},
    ],
)
async def test_what_comes_back_must_be_what_was_sent(
    change: dict[str, str], browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    back = urlsplit(await came_back(await left(browser)))
    query = {name: value[0] for name, value in parse_qs(back.query).items()} | change
    answer = await browser.get(back.path, params=query)
    assert (answer.status_code, answer.json()["code"]) == (401, "outside_sign_in_failed")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["", "x", "a.1.x", "é", "a.b.c.d", "a.99999999999.x"])
async def test_a_cookie_that_was_made_up_is_none(
    cookie: str, browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    back = await came_back(await left(browser))
    browser.cookies.clear()
    headers = [(b"Cookie", f"folkmoot-oidc={cookie}".encode())]
    assert (await browser.get(back, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "said",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": AUDIENCE},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": 1},
        {"iss": "https://somebody.example"},
    ],
)
async def test_an_id_token_for_somebody_else_signs_nobody_in(
    said: dict[str, Any], browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    issuer.person = {"sub": "ada", **said}
    assert (await browser.get(await came_back(await left(browser)))).status_code == 401


@pytest.mark.parametrize("answer", [{}, {"id_token": 7}, {"id_token": "x"}, {"id_token": "é.b.c"}])
async def test_what_is_no_id_token_signs_nobody_in(
    answer: dict[str, Any], browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    issuer.answer = answer
    assert (await browser.get(await came_back(await left(browser)))).status_code == 401


async def test_what_was_begun_with_one_issuer_does_not_end_with_another(
    browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    back = await came_back(await left(browser))
    assert (await browser.get(back.replace("/local/", "/other/"))).status_code == 401


async def test_a_client_that_proves_itself_in_the_form_does_so(
    browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    issuer.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await browser.get(await came_back(await left(browser)))).status_code == 303


async def test_an_issuer_that_is_not_there_or_away_says_so(
    browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    for name in ("nobody", "tokens-only"):
        for end in ("start", "callback"):
            answer = await browser.get(f"{OIDC}/{name}/{end}")
            assert (answer.status_code, answer.json()["code"]) == (404, "issuer_not_found")
    issuer.failing = True
    assert (await browser.get(START)).status_code == 503
    issuer.failing = False
    back = await came_back(await left(browser))
    issuer.failing = True
    assert (await browser.get(back)).status_code == 503


async def test_people_are_told_in_the_console_what_has_failed(
    browser: httpx.AsyncClient, issuer: LocalIssuer
) -> None:
    page = {"Accept": "text/html,application/xhtml+xml"}
    back = await came_back(await left(browser))
    for address, code in (
        (f"{OIDC}/nobody/start", "issuer_not_found"),
        (f"{OIDC}/nobody/callback", "issuer_not_found"),
        (f"{CALLBACK}?error=access_denied", "outside_sign_in_failed"),
        (f"{back}x", "outside_sign_in_failed"),
    ):
        answer = await browser.get(address, headers=page)
        assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
        assert answer.headers["location"] == f"/sign-in?problem={code}"
    issuer.failing = True
    answer = await browser.get(back, headers=page)
    assert answer.headers["location"] == "/sign-in?problem=issuer_away"
