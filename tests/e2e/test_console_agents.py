"""Agents in the console: made, tried, published, compared, rolled back, deleted and restored."""

import pytest
from playwright.sync_api import Page, expect

from browsing import Visitor, ask, flaws, row


def make(page: Page, name: str = "Customer support") -> None:
    """Make an agent and wait until its page is there."""
    page.get_by_role("button", name="New agent").click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Instructions").fill("Be kind.\nBe brief.")
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_focused()


def save(page: Page, number: int, note: str) -> None:
    """Save what the form says as a version."""
    page.get_by_label("What this version is for").fill(note)
    page.get_by_role("button", name=f"Save as version {number}").click()
    expect(page.get_by_text(f"This is version {number}.")).to_be_visible()


@pytest.fixture
def agent(ada: Visitor) -> Page:
    """An agent that was made and is not published, open in Ada's tab."""
    page = ada.open("/agents")
    make(page)
    return page


def test_an_agent_is_made_tried_published_and_talked_to(agent: Page) -> None:
    page = agent
    expect(page.get_by_text("customer-support")).to_be_visible()
    expect(page.get_by_text("not published")).to_be_visible()
    page.get_by_role("checkbox", name="With tools").check()
    page.get_by_role("checkbox", name="calculator").check()
    page.get_by_label("Tools of MCP servers").fill("tickets__*")
    page.get_by_label("Usually").select_option("With tools")
    page.get_by_text("Shape of answers").click()
    page.get_by_label("JSON schema").fill('{"type": "object')
    page.get_by_text("Shape of answers").click()
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_label("JSON schema")).to_be_focused()
    page.get_by_label("JSON schema").fill("")
    expect(page.get_by_text("Save your changes to try them.")).to_be_visible()
    save(page, 2, "It can count")
    trial = page.get_by_role("complementary", name="Try it")
    ask(page, "Go [[fake-tok5-tool=calculator]]")
    expect(trial.locator(".prose")).to_contain_text("word-4")
    expect(trial.get_by_role("button", name="1 tool call")).to_be_visible()
    page.get_by_role("button", name="Publish version 2").click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.get_by_text("version 2 in production", exact=True)).to_be_visible()
    page.get_by_role("button", name="Chat", exact=True).click()
    chosen = page.get_by_label("Agent", exact=True).locator("option:checked")
    expect(chosen).to_have_text("Customer support")
    ask(page, "Go [[fake-tok5]]")
    expect(page.locator(".prose")).to_contain_text("word-4")


def test_an_agent_asks_another_one_and_what_that_does_is_shown(agent: Page) -> None:
    page = agent
    page.get_by_role("checkbox", name="With everything").check()
    page.get_by_label("Usually").select_option("With everything")
    asked = page.get_by_role("group", name="Agents that it may ask")
    asked.get_by_role("checkbox", name="Chat").check()
    page.get_by_label("Agents at work within each other").fill("2")
    save(page, 2, "It asks another one")
    trial = page.get_by_role("complementary", name="Try it")
    ask(page, "Go [[fake-tok5-tool=ask_chat]]")
    expect(trial.locator(".prose")).to_contain_text("word-4")
    trial.get_by_role("button", name="1 agent asked").click()
    inner = trial.get_by_role("group").filter(has_text="Asked chat")
    inner.get_by_text("Asked chat").click()
    expect(inner.get_by_text("x", exact=True)).to_be_visible()
    assert flaws(page) == []


def test_versions_are_compared_and_rolled_back(agent: Page) -> None:
    page = agent
    page.get_by_label("Instructions").fill("Be kind.\nBe exact.")
    page.get_by_role("checkbox", name="Publish").check()
    save(page, 2, "Not so brief")
    expect(page.get_by_text("version 2 in production", exact=True)).to_be_visible()
    page.get_by_role("button", name="Actions for version 1").click()
    page.get_by_role("menuitem", name="Put into staging").click()
    expect(page.get_by_role("list", name="Versions")).to_contain_text("in staging")
    page.get_by_role("button", name="Actions for version 2").click()
    page.get_by_role("menuitem", name="Compare").click()
    told = page.get_by_role("dialog").get_by_role("group", name="Differences")
    expect(told).to_contain_text("-Be brief.")
    expect(told).to_contain_text("+Be exact.")
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Roll back to version 1").click()
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("version 1 in production", exact=True)).to_be_visible()
    page.get_by_role("button", name="Actions for version 1").click()
    page.get_by_role("menuitem", name="Take into the form").click()
    expect(page.get_by_label("Instructions")).to_have_value("Be kind.\nBe brief.")


def test_nobody_overwrites_what_somebody_else_has_saved(agent: Page, ada: Visitor) -> None:
    page = agent
    page.get_by_label("Instructions").fill("Mine.")
    path = f"/agents/{page.url.rpartition('/')[2]}"
    ada.ask("PATCH", path, {"system_prompt": "Theirs."})
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else was faster")
    expect(page.get_by_label("Instructions")).to_have_value("Mine.")
    page.get_by_role("button", name="Show what is there now").click()
    expect(page.get_by_label("Instructions")).to_have_value("Theirs.")


def test_an_agent_is_renamed_deleted_and_restored_by_keyboard(agent: Page) -> None:
    page = agent
    page.get_by_role("button", name="Actions for the agent").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    page.get_by_label("Name", exact=True).fill("Front desk")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name="Front desk")).to_be_visible()
    page.get_by_role("button", name="Actions for the agent").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Front desk")).to_be_visible()
    page.get_by_role("button", name="Restore it").focus()
    page.keyboard.press("Enter")
    expect(row(page, "Front desk")).to_contain_text("not published")


def test_pages_of_agents_have_no_axe_violations_and_fit_a_telephone(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/agents")
    expect(row(page, "Chat")).to_be_visible()
    assert flaws(page) == []
    make(page)
    page.get_by_text("Approvals and limits").click()
    page.get_by_text("Shape of answers").click()
    page.get_by_role("checkbox", name="With tools").check()
    applications = page.get_by_role("textbox", name="Tools of applications")
    expect(applications).to_have_value("*")
    applications.fill("")
    assert flaws(page) == []
    save(page, 2, "With tools")
    page.get_by_role("button", name="Actions for version 2").click()
    page.get_by_role("menuitem", name="Compare").click()
    expect(page.get_by_role("group", name="Differences")).to_contain_text("Ways of working")
    expect(page.get_by_role("group", name="Differences")).to_contain_text("Tools of applications")
    assert flaws(page) == []
    page.get_by_role("dialog").get_by_role("button", name="Done").click()
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
