"""Webhooks in the console: added, tried, their deliveries looked at and sent again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browsing import Visitor, flaws
from staged import Stage, answers


@pytest.fixture
def receiver(stage: Stage) -> Iterator[str]:
    """The address of a receiver that refuses what comes first."""
    stage.replies.extend([answers(500), *[answers(200)] * 20])
    yield f"{stage.url}/hook"
    assert all(heard.headers["webhook-signature"].startswith("v1,") for heard in stage.heard)


def add(page: Page, url: str) -> None:
    """Add a webhook and wait until its page is there."""
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Address").fill(url)
    page.get_by_role("checkbox", name="run.* All of these:").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("whsec_")


def test_a_web_hook_is_added_tried_by_keyboard_and_sent_again(
    ada: Visitor, receiver: str, stage: Stage
) -> None:
    page = ada.open("/settings/webhooks")
    expect(page.get_by_text("No webhooks yet")).to_be_visible()
    add(page, receiver)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Webhook", exact=True)).to_be_focused()
    assert "whsec_" not in page.content()
    page.get_by_role("button", name="Send an example").focus()
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="run.completed")
    expect(row).to_contain_text("pending")
    refresh(page, "failing")
    expect(row).to_contain_text("500")
    hook = page.url.rpartition("/")[2]
    (sent,) = ada.ask("GET", f"/webhooks/{hook}/deliveries")["items"]
    ada.ask("POST", f"/webhooks/{hook}/deliveries/{sent['id']}/redeliver")
    refresh(page, "in use")
    page.get_by_role("button", name="Send again run.completed").click()
    expect(row).to_contain_text("pending")
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    assert {heard.headers["webhook-id"] for heard in stage.heard} == {sent["event_id"]}


def refresh(page: Page, words: str) -> None:
    """Look until a webhook stands as it is said to."""
    for _ in range(200):
        with page.expect_response("**/deliveries?*"):
            page.get_by_role("button", name="Refresh").click()
        if page.locator(".pill", has_text=words).count():
            break
    expect(page.locator(".pill", has_text=words)).to_be_visible()


def test_a_web_hook_is_changed_switched_off_and_deleted(ada: Visitor, receiver: str) -> None:
    page = ada.open("/settings/webhooks")
    add(page, receiver)
    page.get_by_role("button", name="Done").click()
    for action in ("Edit", "Change the secret"):
        page.get_by_role("button", name="Actions for the webhook").click()
        page.get_by_role("menuitem", name=action).click()
        if action == "Edit":
            page.get_by_role("checkbox", name="document.ready").check()
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_text("told of run.*, document.ready")).to_be_visible()
        else:
            page.get_by_role("button", name="Make a new one").click()
            expect(page.get_by_role("dialog")).to_contain_text("signed with the old one, too")
            page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Actions for the webhook").click()
    page.get_by_role("menuitem", name="Switch off").click()
    expect(page.get_by_text("off", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Actions for the webhook").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No webhooks yet")).to_be_visible()


def test_pages_of_web_hooks_have_no_axe_violations_and_fit_a_telephone(
    reader: Visitor, receiver: str
) -> None:
    reader.sign_in()
    page = reader.open("/settings/webhooks")
    page.get_by_role("button", name="Add a webhook").click()
    expect(page.get_by_role("group", name="It is told of")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="Cancel").click()
    add(page, receiver)
    assert flaws(page) == []
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Send an example").click()
    expect(page.get_by_role("row").filter(has_text="run.completed")).to_be_visible()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{reader.url}/settings/webhooks")
    expect(page.get_by_role("link", name="/hook")).to_be_visible()
    assert flaws(page) == []
