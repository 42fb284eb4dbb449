"""Members and invitations in the console."""

from playwright.sync_api import Browser, Page, expect

from browsing import PASSWORD, Visitor, flaws, row, visitor
from deployed import Deployed


def invite(page: Page, email: str = "", role: str = "member") -> str:
    """Invite somebody; return the link."""
    page.get_by_role("button", name="Invite somebody").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("As", exact=True).select_option(role)
    page.get_by_role("button", name="Invite", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("shown this once")
    link = dialog.locator("code").first.inner_text()
    page.get_by_role("button", name="Done").click()
    return "/" + link.split("/", 3)[3]


def accept(guest: Visitor, link: str) -> Page:
    """Accept an invitation while signed in; the console goes on in the new organisation."""
    page = guest.open(link)
    expect(page.get_by_text("invites")).to_be_visible()
    assert "#" not in page.url
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_label("Your question")).to_be_visible()
    return page


def test_somebody_is_invited_accepts_gets_another_role_and_is_removed(
    ada: Visitor, browser: Browser, console: Deployed
) -> None:
    page = ada.open("/settings/members")
    with visitor(browser, console.url) as grace:
        link = invite(page, grace.email)
        expect(row(page, grace.email)).to_contain_text("in 7 days")
        grace.sign_in()
        theirs = accept(grace, link)
        choice = theirs.get_by_label("Organisation")
        expect(choice.locator("option")).to_have_count(2)
        theirs.reload()
        assert choice.input_value() == choice.locator("option:checked").get_attribute("value")
        theirs.get_by_role("link", name="Settings").click()
        parts = theirs.get_by_role("navigation", name="Settings")
        expect(parts.get_by_role("link", name="Members")).to_be_visible()
        expect(parts.get_by_role("link", name="Audit")).to_have_count(0)
        page.reload()
        member = row(page, grace.email)
        member.get_by_role("combobox").select_option("admin")
        expect(member.get_by_role("combobox")).to_be_enabled()
        theirs.reload()
        expect(parts.get_by_role("link", name="Audit")).to_be_visible()
        member.get_by_role("button", name="Remove").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(member).to_have_count(0)
        theirs.goto(f"{ada.url}/settings")
        expect(theirs.get_by_role("heading", name="Settings")).to_be_visible()
        expect(theirs.get_by_label("Organisation")).to_have_count(0)


def test_a_stranger_signs_in_on_the_way_to_accepting(
    ada: Visitor, browser: Browser, console: Deployed
) -> None:
    link = invite(ada.open("/settings/members"))
    with visitor(browser, console.url) as grace:
        page = grace.open(link)
        page.get_by_role("link", name="Sign in to accept").click()
        page.get_by_label("E-mail").fill(grace.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Accept").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Your question")).to_be_visible()
        spent = grace.open(link)
        expect(spent.get_by_role("alert")).to_contain_text("does not count")


def test_an_invitation_is_withdrawn_by_keyboard(ada: Visitor) -> None:
    page = ada.open("/settings/members")
    link = invite(page)
    page.get_by_role("button", name="Withdraw the invitation").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Invitations")).to_have_count(0)
    page.goto(ada.url + link)
    expect(page.get_by_role("alert")).to_contain_text("does not count")


def test_the_last_owner_cannot_leave_and_is_told_why(ada: Visitor) -> None:
    page = ada.open("/settings/members")
    page.get_by_role("button", name="Leave").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Leave").click()
    expect(dialog.get_by_role("alert")).to_contain_text("owner")


def test_members_and_invitations_have_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/members")
    expect(page.get_by_label("Role of Ada")).to_be_visible()
    link = invite(page, "grace@example.org")
    expect(row(page, "grace@example.org")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="Invite somebody").click()
    assert flaws(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(reader.url + link)
    expect(page.get_by_text("invites")).to_be_visible()
    assert flaws(page) == []
