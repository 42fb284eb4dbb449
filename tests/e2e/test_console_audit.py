"""The audit trail in the console."""

from pathlib import Path

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws


def key(page: Page, name: str) -> None:
    """Make an API key, which leaves a trace."""
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create").click()
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()


def part(page: Page, name: str) -> None:
    """Go to a part of the settings."""
    page.get_by_role("navigation", name="Settings").get_by_role("link", name=name).click()


def test_the_trail_is_read_filtered_verified_and_exported(ada: Visitor) -> None:
    page = ada.open("/settings/api-keys")
    key(page, "nightly import")
    part(page, "Audit")
    made = page.get_by_role("list", name="Events").get_by_role("listitem")
    made = made.filter(has_text="API key created")
    expect(made).to_contain_text("You")
    made.locator("summary").click()
    expect(made).to_contain_text("nightly import")
    page.get_by_label("Action").fill("nothing")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_text("No event matches")).to_be_visible()
    page.get_by_label("Action").fill("api key")
    page.keyboard.press("Enter")
    expect(made).to_be_visible()
    page.get_by_role("button", name="Verify").click()
    chain = page.locator("[data-chain]")
    expect(chain).to_have_attribute("data-chain", "whole")
    expect(chain).to_contain_text("The hash chain is whole")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    assert download.value.suggested_filename == "audit.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert "api_key.created" in text
    assert "audit.exported" not in text


def test_an_event_is_opened_by_keyboard(ada: Visitor) -> None:
    page = ada.open("/settings/api-keys")
    key(page, "for the keyboard")
    part(page, "Audit")
    summary = page.locator("summary").filter(has_text="API key created")
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("list", name="Events")).to_contain_text("for the keyboard")


def test_the_trail_has_no_axe_violations(calm: Page) -> None:
    calm.get_by_role("link", name="Settings").click()
    part(calm, "API keys")
    key(calm, "importer")
    part(calm, "Audit")
    calm.locator("summary").filter(has_text="API key created").click()
    assert flaws(calm) == []
    calm.get_by_role("button", name="Verify").click()
    expect(calm.locator("[data-chain=whole]")).to_be_visible()
    calm.set_viewport_size({"width": 390, "height": 844})
    assert flaws(calm) == []
    assert calm.evaluate("document.documentElement.scrollWidth") <= 390
