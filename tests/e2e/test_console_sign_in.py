import re

from playwright.sync_api import Browser, expect

from browsing import PASSWORD, Visitor, visitor
from deployed import Deployed


def test_the_link_of_the_banner_signs_in_once_and_leaves_no_trace(
    browser: Browser, console: Deployed
) -> None:
    found = re.search(r"/sign-in#\S+", console.log)
    assert found is not None
    with visitor(browser, console.url) as owner:
        page = owner.open(found.group())
        expect(page.get_by_label("Your question")).to_be_focused()
        assert page.url == f"{console.url}/"
        page.go_back()
        assert "#" not in page.url
    with visitor(browser, console.url) as thief:
        page = thief.open(found.group())
        expect(page.get_by_role("alert")).to_contain_text("sign-in")
        expect(page.get_by_label("E-mail")).to_be_visible()


def test_a_password_opens_the_page_that_asked_for_it(browser: Browser, console: Deployed) -> None:
    with visitor(browser, console.url) as ada:
        page = ada.open("/runs")
        page.get_by_label("E-mail").fill(ada.email)
        page.get_by_label("Password").fill("not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("refused")
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_registering_signs_in(browser: Browser, console: Deployed) -> None:
    with visitor(browser, console.url) as guest:
        page = guest.open("/register")
        page.get_by_label("Name", exact=True).fill("Grace Hopper")
        page.get_by_label("E-mail").fill(f"new-{guest.email}")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_label("Organisation").fill("Compilers")
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_text("What is the question, Grace?")).to_be_visible()
        expect(page.get_by_text("Compilers")).to_be_visible()


def test_a_taken_address_is_refused_in_words(browser: Browser, console: Deployed) -> None:
    with visitor(browser, console.url) as ada:
        page = ada.open("/register")
        page.get_by_label("Name", exact=True).fill("Ada")
        page.get_by_label("E-mail").fill(ada.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("alert")).to_be_visible()


def test_a_session_outlives_the_tab_and_ends_with_signing_out(ada: Visitor) -> None:
    first = ada.open("/")
    expect(first.get_by_label("Your question")).to_be_visible()
    first.close()
    second = ada.open("/")
    second.get_by_role("button", name="Sign out").click()
    expect(second.get_by_label("E-mail")).to_be_visible()
    second.reload()
    expect(second.get_by_label("E-mail")).to_be_visible()


def test_two_tabs_that_wake_up_together_both_stay_signed_in(ada: Visitor) -> None:
    tabs = [ada.open("/") for _ in range(4)]
    for tab in tabs:
        tab.evaluate("location.reload()")
    for tab in tabs:
        expect(tab.get_by_label("Your question")).to_be_visible()


def test_scripts_cannot_reach_the_tokens(ada: Visitor) -> None:
    page = ada.open("/")
    expect(page.get_by_label("Your question")).to_be_visible()
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})") == "{}"
