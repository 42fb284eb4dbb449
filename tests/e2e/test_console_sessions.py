"""The devices somebody is signed in with, in the console."""

from playwright.sync_api import Browser, Page, expect

from browsing import PASSWORD, Visitor, flaws, row


def elsewhere(visitor: Visitor, browser: Browser) -> Page:
    """Sign the same person in with another device."""
    page = browser.new_context(user_agent="Mozilla/5.0 (iPhone) CriOS/150.0 Safari").new_page()
    page.goto(f"{visitor.url}/sign-in")
    page.get_by_label("E-mail").fill(visitor.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_visible()
    return page


def test_another_device_is_seen_and_signed_out(ada: Visitor, browser: Browser) -> None:
    phone = elsewhere(ada, browser)
    page = ada.open("/settings/sessions")
    expect(page.get_by_text("this one")).to_have_count(1)
    page.get_by_role("button", name="Sign out Chrome on iOS").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(row(page, "Chrome on iOS")).to_have_count(0)
    expect(page.get_by_text("this one")).to_be_visible()
    phone.reload()
    expect(phone.get_by_label("E-mail")).to_be_visible()
    phone.context.close()


def test_all_other_devices_are_signed_out_by_keyboard(ada: Visitor, browser: Browser) -> None:
    phone = elsewhere(ada, browser)
    page = ada.open("/settings/sessions")
    page.get_by_role("button", name="Sign out all others").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Sign out all others")).to_have_count(0)
    expect(page.get_by_text("this one")).to_be_visible()
    phone.context.close()


def test_sessions_have_no_axe_violations(reader: Visitor, browser: Browser) -> None:
    reader.sign_in()
    phone = elsewhere(reader, browser)
    page = reader.open("/settings/sessions")
    expect(page.get_by_text("this one")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="Sign out all others").click()
    assert flaws(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.context.close()
