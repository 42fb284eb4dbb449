"""The settings area: what is shown to whom, and how one gets around in it."""

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws


def test_the_settings_are_found_from_the_sidebar_and_listed(ada: Visitor) -> None:
    page = ada.open("/")
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_focused()
    parts = page.get_by_role("navigation", name="Settings").get_by_role("link")
    listed = page.get_by_role("main").get_by_role("listitem")
    expect(listed).to_have_count(parts.count())
    parts.filter(has_text="API keys").click()
    expect(page.get_by_role("heading", name="API keys")).to_be_focused()
    expect(parts.filter(has_text="API keys")).to_have_attribute("aria-current", "page")


def test_an_address_that_is_no_part_of_the_settings_is_said_to_be_nothing(ada: Visitor) -> None:
    page = ada.open("/settings/nothing")
    expect(page.get_by_text("There is nothing at this address")).to_be_visible()


def test_the_settings_are_calm(calm: Page) -> None:
    calm.get_by_role("link", name="Settings").click()
    expect(calm.get_by_role("heading", name="Settings")).to_be_visible()
    assert flaws(calm) == []
    calm.set_viewport_size({"width": 390, "height": 844})
    assert flaws(calm) == []
    assert calm.evaluate("document.documentElement.scrollWidth") <= 390
