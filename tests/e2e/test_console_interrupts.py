"""A run that stops for approval, in the chat: shown, decided, and gone on with."""

import json
from typing import Any, Final

from playwright.sync_api import Locator, Page, Route, ViewportSize, expect

from browsing import Visitor, ask, flaws

SUM: Final = "Go [[fake-tool=calculator-tok5]]"
PHONE: Final = ViewportSize(width=390, height=844)


def careful(visitor: Visitor, *tools: str, **more: Any) -> None:
    """Have somebody asked before these tools are used."""
    path = "/settings/guardrails?scope=user"
    values = {"approve_always": list(tools or ("calculator",)), **more}
    visitor.ask("PATCH", path, {"values": values}, if_match="*")


def stopped(visitor: Visitor, **more: Any) -> Page:
    """Ask something that stops for approval."""
    careful(visitor, **more)
    page = visitor.open("/")
    page.get_by_label("Workflow").select_option("tools")
    ask(page, SUM)
    expect(call(page)).to_be_visible()
    return page


def call(page: Page) -> Locator:
    """Return the call that waits, or has waited."""
    return page.get_by_role("region", name="calculator")


def test_a_call_is_approved_by_keyboard_and_the_answer_goes_on(reader: Visitor) -> None:
    reader.sign_in()
    page = stopped(reader)
    expect(call(page)).to_contain_text("Calls like this one are approved each time.")
    expect(call(page).get_by_label("Arguments of calculator")).to_contain_text('"expression": "x"')
    page.get_by_label("Your question").fill("And now?")
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    assert flaws(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    call(page).get_by_role("button", name="Approve", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".prose")).to_contain_text("word-4")
    expect(call(page)).to_contain_text("Approved")
    expect(call(page)).to_contain_text("Decided by you")
    assert flaws(page) == []


def test_a_call_survives_a_reload_and_is_made_with_other_arguments(ada: Visitor) -> None:
    page = stopped(ada)
    page.reload()
    page.get_by_role("button", name="Edit arguments").click()
    written = call(page).get_by_label("Arguments to use instead")
    expect(written).to_be_focused()
    written.fill("6 * 7")
    expect(call(page).get_by_role("button", name="Approve with these")).to_be_disabled()
    written.fill(json.dumps({"expression": 7}))
    call(page).get_by_role("button", name="Approve with these").click()
    expect(page.get_by_role("alert")).to_contain_text("do not fit")
    call(page).get_by_role("button", name="Change").click()
    page.get_by_role("button", name="Edit arguments").click()
    written.fill(json.dumps({"expression": "6 * 7"}))
    call(page).get_by_role("button", name="Approve with these").click()
    expect(page.locator(".prose")).to_contain_text("word-4")
    call(page).get_by_text("Arguments that were put in place").click()
    expect(call(page).get_by_label("Arguments of calculator")).to_contain_text("6 * 7")
    page.get_by_role("button", name="tool call").last.click()
    expect(page.get_by_label("Result of calculator")).to_contain_text("] 42")


def test_a_call_that_is_rejected_elsewhere_is_seen_here(ada: Visitor) -> None:
    page = stopped(ada)
    other = ada.open(page.url.removeprefix(ada.url))
    other.get_by_role("button", name="Reject").click()
    other.get_by_label("Reason").fill("It is not needed.")
    other.get_by_role("button", name="Reject the call").click()
    expect(other.locator(".prose")).to_contain_text("word-4")
    expect(page.locator(".prose")).to_contain_text("word-4")
    expect(call(page)).to_contain_text("The call was not made.")
    expect(call(page)).to_contain_text("It is not needed.")


def test_calls_that_were_asked_about_together_are_decided_together(ada: Visitor) -> None:
    careful(ada, "calculator", "clock")
    page = ada.open("/")
    page.get_by_label("Workflow").select_option("tools")
    ask(page, "Go [[fake-tool=calculator-tool=clock-tok5]]")
    clock = page.get_by_role("region", name="clock")
    call(page).get_by_role("button", name="Approve", exact=True).click()
    expect(call(page)).to_contain_text("You approve this call.")
    expect(page.get_by_text("1 call left to decide about")).to_be_visible()
    expect(page.get_by_role("button", name="Continue")).to_be_disabled()
    clock.get_by_role("button", name="Reject").click()
    clock.get_by_role("button", name="Reject the call").click()
    with page.expect_request("**/api/chat/*") as sent:
        page.get_by_role("button", name="Continue").click()
    answers = json.loads(sent.value.post_data or "{}")["resume"]
    assert sorted(each["payload"]["approved"] for each in answers) == [False, True]
    expect(page.locator(".prose")).to_contain_text("word-4")
    expect(call(page)).to_contain_text("Approved")
    expect(clock).to_contain_text("Rejected")


def pretend(page: Page, **changes: str) -> None:
    """Have the page told something else of all approvals, and open it anew."""

    def told(route: Route) -> None:
        answer = route.fetch()
        items = [{**each, **changes} for each in answer.json()["items"]]
        route.fulfill(response=answer, json={"items": items, "next_cursor": None})

    page.route("**/api/v1/approvals?*", told)
    page.reload()


def test_a_call_whose_time_is_over_says_so_and_one_that_expired_waits_no_more(ada: Visitor) -> None:
    page = stopped(ada)
    pretend(page, expires_at="2020-01-01T00:00:00Z")
    expect(call(page)).to_contain_text("Too late")
    expect(call(page).get_by_role("button", name="Reject")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    pretend(page, state="expired")
    expect(call(page)).to_contain_text("Nobody decided in time")
    expect(page.get_by_role("button", name="Reject")).to_have_count(0)
    expect(page.get_by_placeholder("Ask a question")).to_be_visible()


def test_a_call_that_others_approve_can_only_be_rejected(ada: Visitor) -> None:
    page = stopped(ada, approvers="others")
    expect(call(page)).to_contain_text("Somebody else has to approve this.")
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    call(page).get_by_role("button", name="Reject").click()
    call(page).get_by_role("button", name="Reject the call").click()
    expect(page.locator(".prose")).to_contain_text("word-4")


def test_a_remembered_approval_asks_no_more_in_the_conversation(ada: Visitor) -> None:
    page = stopped(ada)
    page.get_by_label("Do not ask again").check()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.locator(".prose")).to_have_count(1)
    ask(page, SUM)
    expect(page.locator(".prose")).to_have_count(2)
    expect(call(page)).to_have_count(1)
