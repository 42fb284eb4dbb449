"""Secrets in the console: kept, replaced and deleted, and never shown."""

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row

VALUE = "a-value-that-nobody-reads"


def keep(page: Page, name: str, value: str = VALUE) -> None:
    """Keep a new secret."""
    page.get_by_role("button", name="New secret").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_label("Value").fill(value)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row(page, name)).to_be_visible()


def test_a_secret_is_kept_replaced_and_deleted_and_never_shown(ada: Visitor) -> None:
    page = ada.open("/settings/secrets")
    expect(page.get_by_text("No secrets yet")).to_be_visible()
    keep(page, "weather_api_key")
    expect(row(page, "weather_api_key")).to_contain_text("once")
    page.get_by_role("button", name="Replace weather_api_key").click()
    page.get_by_label("New value").fill(f"{VALUE}-2")
    page.keyboard.press("Enter")
    expect(row(page, "weather_api_key")).to_contain_text("2 times")
    page.reload()
    expect(row(page, "weather_api_key")).to_be_visible()
    assert VALUE not in page.content()
    page.get_by_role("button", name="Delete weather_api_key").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No secrets yet")).to_be_visible()


def test_a_secret_is_kept_for_everybody_by_keyboard(ada: Visitor) -> None:
    page = ada.open("/settings/secrets")
    page.get_by_role("button", name="New secret").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("shared_key")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    page.keyboard.type(VALUE)
    page.keyboard.press("Enter")
    expect(row(page, "shared_key")).to_contain_text("the organisation")


def test_secrets_have_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/secrets")
    expect(page.get_by_text("No secrets yet")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="New secret").click()
    assert flaws(page) == []
    page.keyboard.press("Escape")
    keep(page, "importer_key")
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
