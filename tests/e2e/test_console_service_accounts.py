"""Service accounts in the console."""

import httpx
from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row


def make(page: Page, name: str) -> str:
    """Make a service account and a key for it; return the key."""
    page.get_by_role("button", name="New service account").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"New key for {name}")
    dialog.get_by_label("Name").fill("first")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog).to_contain_text("shown this once")
    return dialog.locator("code").first.inner_text()


def status(ada: Visitor, secret: str) -> int:
    return httpx.get(f"{ada.url}/api/v1/me", headers={"X-API-Key": secret}).status_code


def test_a_program_is_let_in_disabled_and_deleted(ada: Visitor) -> None:
    page = ada.open("/settings/service-accounts")
    expect(page.get_by_text("No service accounts yet")).to_be_visible()
    secret = make(page, "importer")
    assert status(ada, secret) == 200
    page.get_by_role("button", name="Done").click()
    page.get_by_label("Role of importer").select_option("admin")
    expect(page.get_by_role("alert")).to_have_count(0)
    for act, after, code in (("Disable", "disabled", 401), ("Enable", "enabled", 200)):
        page.get_by_role("button", name=f"{act} importer").click()
        page.get_by_role("dialog").get_by_role("button", name=act).click()
        expect(row(page, "importer")).to_contain_text(after)
        assert status(ada, secret) == code
    page.reload()
    expect(page.get_by_label("Role of importer")).to_have_value("admin")
    assert secret not in page.content()
    page.get_by_role("button", name="Delete importer").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No service accounts yet")).to_be_visible()
    assert status(ada, secret) == 401


def test_the_page_and_its_dialogs_have_no_axe_violations(calm: Page) -> None:
    calm.get_by_role("link", name="Settings").click()
    settings = calm.get_by_role("navigation", name="Settings")
    settings.get_by_role("link", name="Service accounts").click()
    expect(calm.get_by_text("No service accounts yet")).to_be_visible()
    assert flaws(calm) == []
    make(calm, "importer")
    assert flaws(calm) == []
    calm.get_by_role("button", name="Done").click()
    for act in ("New key", "Disable", "Delete"):
        calm.get_by_role("button", name=f"{act} importer").click()
        assert flaws(calm) == []
        calm.keyboard.press("Escape")
    calm.set_viewport_size({"width": 390, "height": 844})
    assert flaws(calm) == []
    assert calm.evaluate("document.documentElement.scrollWidth") <= 390
