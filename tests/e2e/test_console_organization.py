"""The organisation one acts in, and one's other ones, in the console."""

from playwright.sync_api import Browser, Page, expect

from browsing import Visitor, flaws, row, visitor
from deployed import Deployed

ORGANIZATION = "/settings/organization"


def act(page: Page, name: str) -> None:
    """Press what begins something, and what does it in the dialog."""
    page.get_by_role("button", name=name, exact=True).click()


def join(host: Visitor, guest: Visitor) -> None:
    """Invite somebody who accepts: they are a member of two organisations then."""
    guest.sign_in()
    place = host.ask("GET", "/me")["organization_id"]
    made = host.ask("POST", f"/organizations/{place}/invitations", {"role": "member"})
    guest.ask("POST", "/invitations/accept", {"token": made["token"]})


def test_an_organisation_is_renamed_and_another_one_made_and_switched_to(ada: Visitor) -> None:
    page = ada.open(ORGANIZATION)
    act(page, "Rename")
    page.get_by_role("textbox", name="Name").fill("Engines")
    page.keyboard.press("Enter")
    expect(row(page, "Engines")).to_contain_text("owner")
    act(page, "New organisation")
    page.get_by_role("textbox", name="Name").fill("Difference")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Organisation").locator("option:checked")).to_have_text("Difference")
    page.goto(ada.url + ORGANIZATION)
    act(page, "Switch to Engines")
    expect(page.get_by_label("Organisation").locator("option:checked")).to_have_text("Engines")


def test_an_organisation_is_deleted_by_typing_its_name_and_restored_from_nowhere(
    ada: Visitor,
) -> None:
    page = ada.open(ORGANIZATION)
    act(page, "Delete")
    dialog = page.get_by_role("dialog")
    delete = dialog.get_by_role("button", name="Delete")
    expect(delete).to_be_disabled()
    dialog.get_by_label("to confirm").fill("Ada")
    expect(delete).to_be_disabled()
    dialog.get_by_label("to confirm").fill("Ada Lovelace")
    delete.click()
    expect(page.get_by_role("heading", name="You are in no organisation")).to_be_visible()
    page.reload()
    act(page, "Restore Ada Lovelace")
    expect(page.get_by_label("Your question")).to_be_visible()


def test_who_is_in_no_organisation_makes_one_or_signs_out_by_keyboard(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open(ORGANIZATION)
    page.get_by_role("button", name="Delete").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("to confirm")).to_be_focused()
    assert flaws(page) == []
    page.keyboard.type("Ada Lovelace")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Restore Ada Lovelace")).to_be_visible()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("textbox", name="Name").focus()
    page.keyboard.type("Second")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_be_visible()
    page.goto(reader.url + ORGANIZATION)
    expect(page.get_by_role("button", name="Restore Ada Lovelace")).to_be_visible()


def test_the_last_owner_is_told_in_words_why_they_cannot_leave(ada: Visitor) -> None:
    page = ada.open(ORGANIZATION)
    act(page, "Leave")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Leave").click()
    expect(dialog.get_by_role("alert")).to_contain_text("always has an owner")
    dialog.get_by_role("button", name="Cancel").click()
    act(page, "Hand over")
    expect(dialog).to_contain_text("invite somebody first")
    expect(dialog.get_by_role("button", name="Hand over")).to_be_disabled()


def test_an_organisation_is_handed_over_and_left(
    ada: Visitor, browser: Browser, console: Deployed
) -> None:
    with visitor(browser, console.url) as grace:
        join(ada, grace)
        page = ada.open(ORGANIZATION)
        act(page, "Hand over")
        dialog = page.get_by_role("dialog")
        give = dialog.get_by_role("button", name="Hand over")
        dialog.get_by_label("to confirm").fill("Ada Lovelace")
        expect(give).to_be_disabled()
        dialog.get_by_label("New owner").select_option(label="Ada Lovelace")
        give.click()
        expect(dialog).to_have_count(0)
        expect(page.get_by_role("button", name="Delete")).to_have_count(0)
        expect(page.get_by_role("button", name="Rename")).to_be_visible()
        act(page, "Leave")
        dialog.get_by_role("button", name="Leave").click()
        expect(page.get_by_role("heading", name="You are in no organisation")).to_be_visible()


def test_a_member_is_offered_only_what_a_member_may(
    ada: Visitor, browser: Browser, console: Deployed
) -> None:
    with visitor(browser, console.url) as grace:
        join(ada, grace)
        theirs = grace.open(ORGANIZATION)
        switch = theirs.get_by_role("button", name="Switch to")
        switch.click()
        expect(theirs.get_by_label("Your question")).to_be_visible()
        theirs.goto(grace.url + ORGANIZATION)
        expect(theirs.get_by_role("button", name="Leave")).to_be_visible()
        for name in ("Rename", "Hand over", "Delete"):
            expect(theirs.get_by_role("button", name=name)).to_have_count(0)


def test_the_organisation_has_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open(ORGANIZATION)
    expect(row(page, "owner")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="Hand over").click()
    assert flaws(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
