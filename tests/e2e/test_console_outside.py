"""Signing in to the console with an outside issuer, in a browser that goes there and back."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread

import pytest
from playwright.sync_api import Browser, expect

from browsing import Visitor, flaws, violations
from deployed import Deployed, deployed
from folkmoot.faces.console.assets import PAGE, STATIC
from issuing import AUDIENCE, CLIENT, SECRET, LocalIssuer, local_issuer


@contextmanager
def issuing() -> Iterator[LocalIssuer]:
    """Run an issuer in a thread: the browser has the loop of this one."""
    loop = asyncio.new_event_loop()
    begun: Future[LocalIssuer] = Future()
    over = asyncio.Event()

    async def run() -> None:
        async with local_issuer() as issuer:
            begun.set_result(issuer)
            await over.wait()

    thread = Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        yield begun.result(timeout=60)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def issuer() -> Iterator[LocalIssuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def server(issuer: LocalIssuer, environment: dict[str, str]) -> Iterator[Deployed]:
    """A server of its own: it trusts the issuer, and nobody new where it says so."""
    if not (STATIC / PAGE).is_file():
        pytest.skip("the console is not built: run `python hatch_build.py`")
    known = {
        "issuer": issuer.url,
        "audience": AUDIENCE,
        "client_id": CLIENT,
        "client_secret": SECRET,
    }
    issuers = [
        {"name": "acme", "label": "Acme", **known},
        {"name": "closed", "creates_accounts": False, **known},
    ]
    with deployed(environment | {"FOLKMOOT_OIDC": json.dumps(issuers)}) as server:
        yield server


@pytest.fixture
def guest(browser: Browser, server: Deployed, issuer: LocalIssuer) -> Iterator[Visitor]:
    """Somebody with an account at the issuer and none here."""
    issuer.person = {"sub": "ada", "name": "Ada Lovelace"}
    issuer.answer, issuer.failing = None, False
    context = browser.new_context(reduced_motion="reduce")
    guest = Visitor(server.url, context, "")
    yield guest
    context.close()
    foreign = f"foreign host: {issuer.url}/"
    assert [each for each in guest.complaints if not each.startswith(foreign)] == []


def test_somebody_signs_in_with_an_issuer_and_goes_on_where_they_wanted_to(
    guest: Visitor,
) -> None:
    page = guest.open("/runs")
    acme = page.get_by_role("link", name="Continue with Acme")
    expect(acme).to_be_visible()
    assert flaws(page) == []
    acme.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    page.goto(guest.url)
    expect(page.get_by_text("What is the question, Ada?")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Your question")).to_be_visible()


def test_who_has_no_account_and_gets_none_is_told_so(guest: Visitor, issuer: LocalIssuer) -> None:
    issuer.person = {"sub": "nobody"}
    page = guest.open("/sign-in")
    page.get_by_role("link", name="Continue with closed").click()
    expect(page.get_by_role("alert")).to_contain_text("has no account here")
    expect(page.get_by_label("E-mail")).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_issuer_that_says_nonsense_or_nothing_leaves_people_at_the_door(
    guest: Visitor, issuer: LocalIssuer
) -> None:
    page = guest.open("/sign-in")
    issuer.answer = {"id_token": "nonsense"}
    page.get_by_role("link", name="Continue with Acme").click()
    expect(page.get_by_role("alert")).to_contain_text("begun in another browser")
    issuer.answer = None
    page.get_by_role("link", name="Continue with Acme").click()
    expect(page.get_by_label("Your question")).to_be_visible()


def test_a_server_without_issuers_offers_none(browser: Browser, console: Deployed) -> None:
    page = browser.new_page()
    page.goto(f"{console.url}/sign-in")
    expect(page.get_by_label("E-mail")).to_be_visible()
    expect(page.get_by_role("link", name="Continue with")).to_have_count(0)
    page.close()
