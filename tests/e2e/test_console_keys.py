"""API keys in the console."""

import httpx
from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row


def make(page: Page, name: str) -> str:
    """Make a key that may do everything; return its secret."""
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("shown this once")
    return dialog.locator("code").first.inner_text()


def status(ada: Visitor, secret: str, path: str = "/api/v1/me") -> int:
    """Ask something with a key."""
    return httpx.get(f"{ada.url}{path}", headers={"X-API-Key": secret}).status_code


def test_a_key_is_made_shown_once_used_and_revoked(ada: Visitor) -> None:
    ada.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = ada.open("/settings/api-keys")
    expect(page.get_by_text("No keys yet")).to_be_visible()
    secret = make(page, "nightly import")
    assert status(ada, secret) == 200
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("button", name="Copy the key")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("button", name="Done").click()
    expect(row(page, "nightly import")).to_contain_text("everything")
    page.reload()
    expect(row(page, "nightly import")).to_contain_text("in 90 days")
    assert secret not in page.content()
    page.get_by_role("button", name="Revoke nightly import").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No keys yet")).to_be_visible()


def test_a_key_of_narrow_scopes_is_made_by_keyboard_alone(ada: Visitor) -> None:
    page = ada.open("/settings/api-keys")
    expect(page.get_by_text("No keys yet")).to_be_visible()
    page.get_by_role("button", name="New key").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("reader")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Only what is chosen here")).to_be_checked()
    scopes = page.get_by_role("group", name="Runs")
    scopes.get_by_label("read").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("shown this once")
    secret = dialog.locator("code").first.inner_text()
    assert status(ada, secret, "/api/v1/runs") == 200
    assert status(ada, secret, "/api/v1/conversations") == 403
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(row(page, "reader")).to_contain_text("1 permission")


def test_keys_and_their_dialogs_have_no_axe_violations(calm: Page) -> None:
    calm.get_by_role("link", name="Settings").click()
    calm.get_by_role("navigation", name="Settings").get_by_role("link", name="API keys").click()
    expect(calm.get_by_text("No keys yet")).to_be_visible()
    assert flaws(calm) == []
    calm.get_by_role("button", name="New key").click()
    calm.get_by_label("Only what is chosen here").check()
    assert flaws(calm) == []
    calm.keyboard.press("Escape")
    make(calm, "importer")
    assert flaws(calm) == []
    calm.get_by_role("button", name="Done").click()
    calm.get_by_role("button", name="Revoke importer").click()
    assert flaws(calm) == []
    calm.keyboard.press("Escape")
    calm.set_viewport_size({"width": 390, "height": 844})
    assert flaws(calm) == []
    assert calm.evaluate("document.documentElement.scrollWidth") <= 390
