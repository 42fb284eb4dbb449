"""The list of approvals in the console, and deciding about one of them."""

from typing import Final

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from browsing import Visitor, ask, flaws, row

PHONE: Final = ViewportSize(width=390, height=844)


@pytest.fixture
def asked(reader: Visitor) -> Page:
    """The tab of somebody whose agent wants to use the calculator."""
    reader.sign_in()
    values = {"approve_always": ["calculator"]}
    reader.ask("PATCH", "/settings/guardrails?scope=user", {"values": values}, if_match="*")
    page = reader.open("/")
    page.get_by_label("Workflow").select_option("tools")
    ask(page, "Add up [[fake-tool=calculator-tok5]]")
    expect(page.get_by_role("region", name="calculator")).to_be_visible()
    return page


def test_what_waits_is_counted_found_and_decided(asked: Page) -> None:
    page, main = asked, asked.get_by_role("main")
    page.get_by_role("link", name="Approvals 1 waiting").click()
    expect(row(page, "calculator")).to_contain_text("You")
    expect(row(page, "calculator")).to_contain_text('{ "expression": "x" }')
    assert flaws(page) == []
    main.get_by_label("Tool").fill("clock")
    expect(page.get_by_text("No call matches")).to_be_visible()
    main.get_by_label("Tool").fill("calculator")
    row(page, "calculator").get_by_role("link", name="calculator", exact=True).click()
    expect(page.get_by_role("heading", name="Approval", exact=True)).to_be_focused()
    assert flaws(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    main.get_by_role("button", name="Reject").click()
    page.keyboard.type("Not today.")
    main.get_by_role("button", name="Reject the call").click()
    expect(main).to_contain_text("The call was not made.")
    expect(main.get_by_role("link", name="The run that goes on")).to_be_visible()
    main.get_by_role("link", name="Approvals").click()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    main.get_by_label("State").select_option(label="Rejected")
    expect(row(page, "calculator")).to_contain_text("Rejected")
    expect(page.get_by_text("1 waiting")).to_have_count(0)


def test_whoever_is_slower_sees_what_was_decided(asked: Page) -> None:
    asked.goto(asked.url.split("/chat/")[0] + "/approvals")
    row(asked, "calculator").get_by_role("link", name="calculator", exact=True).click()
    slow = asked.context.new_page()
    slow.goto(asked.url)
    slow.get_by_role("button", name="Reject").click()
    asked.get_by_role("button", name="Approve", exact=True).click()
    expect(asked.get_by_role("main")).to_contain_text("The call was let through.")
    slow.get_by_role("button", name="Reject the call").click()
    expect(slow.get_by_role("alert")).to_contain_text("decided already")
    expect(slow.get_by_role("main")).to_contain_text("The call was let through.")
