"""Finding conversations again, tagging them, and taking them along."""

import json
from typing import Any

from playwright.sync_api import FilePayload, Page, expect

from browsing import Visitor, ask, flaws, row


def act(page: Page, title: str, action: str) -> None:
    """Choose something that can be done with a conversation."""
    page.get_by_role("button", name=f"Actions for {title}").click()
    page.get_by_role("menuitem", name=action).click()


def bring(page: Page, content: bytes) -> None:
    """Import a file."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Import a conversation").click()
    file = FilePayload(name="x.json", mimeType="application/json", buffer=content)
    chooser.value.set_files(file)


def test_conversations_are_found_by_what_was_said_and_by_their_tags(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    ask(page, "Whales [[fake-tok3]]")
    expect(page.locator(".prose")).to_contain_text("word-2")
    page.get_by_role("link", name="New chat", exact=True).click()
    ask(page, "Herrings [[fake-tok30]]")
    expect(page.locator(".prose")).to_contain_text("word-29")
    listed = page.get_by_role("navigation", name="Conversations")
    act(page, "Whales", "Tags")
    page.get_by_label("Tags of").fill("sea, mammals, sea")
    page.keyboard.press("Enter")
    expect(listed.get_by_role("link", name="Whales")).to_contain_text("sea, mammals")
    search = page.get_by_label("Search conversations")
    search.fill("word-29")
    expect(listed.get_by_role("link")).to_have_count(1)
    expect(listed.get_by_role("link")).to_contain_text("Herrings")
    assert flaws(page) == []
    search.press("Escape")
    expect(listed.get_by_role("link")).to_have_count(2)
    page.get_by_label("Tag", exact=True).select_option("mammals")
    expect(listed.get_by_role("link")).to_have_count(1)
    listed.get_by_role("link", name="Whales").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Whales", level=1)).to_be_attached()
    search.fill("nothing like this")
    expect(page.get_by_text("Nothing was found.")).to_be_visible()


def imported(visitor: Visitor, title: str, *tags: str) -> None:
    """Give somebody a conversation."""
    said = {"id": "1", "role": "user", "content": "Hm?", "created_at": "2026-11-21T09:30:00Z"}
    whole = {"format": "folkmoot.conversation", "version": 1, "title": title, "tags": tags}
    visitor.ask("POST", "/conversations", whole | {"messages": [said]})


def test_the_filter_knows_the_tags_of_conversations_that_are_not_listed(ada: Visitor) -> None:
    """The list is emptied on its way to the browser, as it would be of what is further back."""
    imported(ada, "Whales", "sea")
    nothing: dict[str, Any] = {"items": [], "next_cursor": None}
    ada.context.route("**/api/v1/conversations?limit=50", lambda route: route.fulfill(json=nothing))
    page = ada.open("/")
    expect(page.get_by_text("Your conversations will be listed here.")).to_be_visible()
    page.get_by_label("Tag", exact=True).select_option("sea (1)")
    expect(page.get_by_role("link", name="Whales")).to_be_visible()


def test_a_deleted_conversation_is_brought_back(reader: Visitor) -> None:
    reader.sign_in()
    imported(reader, "Whales", "sea")
    page = reader.open("/")
    listed = page.get_by_role("navigation", name="Conversations")
    act(page, "Whales", "Delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_label("Tag", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Deleted conversations").click()
    expect(page.get_by_role("heading", name="Deleted conversations")).to_be_focused()
    expect(row(page, "Whales")).to_contain_text("in 30 days")
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_role("button", name="Restore Whales").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Nothing here")).to_be_visible()
    expect(listed.get_by_role("link", name="Whales")).to_contain_text("sea")


def test_a_conversation_is_taken_along_and_brought_in_again(ada: Visitor) -> None:
    page = ada.open("/")
    ask(page, "Whales [[fake-tok3]]")
    expect(page.locator(".prose")).to_contain_text("word-2")
    with page.expect_download() as saved:
        act(page, "Whales", "Export as Markdown")
    assert saved.value.suggested_filename == "Whales-fake-tok3-.md"
    assert "word-2" in saved.value.path().read_text(encoding="utf-8")
    with page.expect_download() as saved:
        act(page, "Whales", "Export as JSON")
    exported = saved.value.path().read_bytes()
    assert json.loads(exported)["format"] == "folkmoot.conversation"
    before = page.url
    bring(page, exported)
    expect(page).not_to_have_url(before)
    expect(page.locator(".prose")).to_contain_text("word-2")
    expect(page.get_by_role("button", name="Actions for Whales")).to_have_count(2)
    bring(page, b"[]")
    expect(page.get_by_role("alert")).to_contain_text("no conversation that was exported")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
