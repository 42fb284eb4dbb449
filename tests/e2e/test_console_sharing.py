"""Sharing a conversation from the console, and reading one that somebody has shared."""

from typing import Final

from playwright.sync_api import Browser, FilePayload, ViewportSize, expect

from browsing import Visitor, ask, flaws
from drawing import png

PHONE: Final = ViewportSize(width=390, height=844)


def test_a_link_is_made_read_by_a_stranger_and_revoked(browser: Browser, reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    lamp = FilePayload(name="lamp.png", mimeType="image/png", buffer=png(64, 48))
    page.get_by_label("Attach pictures or files").set_input_files([lamp])
    expect(page.get_by_text("lamp.png is attached.")).to_be_attached()
    ask(page, "What is new? [[fake-tok5]]")
    expect(page.locator(".prose")).to_contain_text("word-4")
    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Share").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Counts for").select_option(label="A week")
    dialog.get_by_role("button", name="Make a link").click()
    link = dialog.locator("code").inner_text()
    expect(dialog.get_by_role("listitem")).to_contain_text("ends in 7 days")
    assert flaws(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

    with browser.new_context(reduced_motion="reduce", viewport=PHONE) as stranger:
        tab = stranger.new_page()
        tab.goto(f"{reader.url}/shared#{link.split('#')[1]}")
        expect(tab.locator(".prose")).to_contain_text("word-4")
        expect(tab.get_by_text("What is new?").first).to_be_visible()
        picture = tab.get_by_role("img", name="lamp.png")
        expect(picture).to_have_js_property("naturalWidth", 64)
        expect(tab.get_by_label("Your question")).to_have_count(0)
        assert flaws(tab) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        dialog.get_by_role("button", name="Revoke").click()
        expect(dialog.get_by_role("listitem")).to_contain_text("Revoked")
        tab.reload()
        expect(tab.get_by_text("This link does not count any more")).to_be_visible()
        assert flaws(tab) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
