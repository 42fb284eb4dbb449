"""Changing a password in the console, and setting a new one when it is forgotten."""

from playwright.sync_api import Page, expect

from browsing import PASSWORD, Visitor, flaws

NEW = "another correct horse battery"


def change(page: Page, current: str) -> None:
    """Fill in the form."""
    page.get_by_role("button", name="Change the password").click()
    page.get_by_label("Current password").fill(current)
    page.get_by_label("New password").fill(NEW)
    page.keyboard.press("Enter")


def test_a_password_is_changed_and_the_page_goes_on(ada: Visitor) -> None:
    page = ada.open("/settings/sessions")
    change(page, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("This is not your password")
    page.get_by_label("Current password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("this one")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("E-mail").fill(ada.email)
    page.get_by_label("Password").fill(NEW)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()


def test_a_link_is_asked_for_by_keyboard_and_one_that_counts_no_more_is_refused(
    reader: Visitor,
) -> None:
    page = reader.open("/sign-in")
    page.get_by_role("link", name="Forgotten your password?").focus()
    page.keyboard.press("Enter")
    page.get_by_label("E-mail").fill(reader.email)
    assert flaws(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="a letter")).to_be_visible()
    page.goto(f"{reader.url}/reset-password#fm_reset_nothing")
    page.get_by_label("New password").fill(NEW)
    assert "#" not in page.url
    assert flaws(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
