"""Teams in the console, and acting in one."""

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row


def make(page: Page, name: str) -> None:
    """Make a team; its page opens."""
    page.get_by_role("button", name="New team").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_focused()


def test_a_team_is_made_renamed_deleted_and_restored(ada: Visitor) -> None:
    page = ada.open("/settings/teams")
    expect(page.get_by_text("No teams yet")).to_be_visible()
    make(page, "Research")
    page.get_by_role("button", name="Actions for the team").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("Discovery")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Discovery")).to_be_visible()
    page.get_by_role("button", name="Actions for the team").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No teams yet")).to_be_visible()
    page.get_by_role("button", name="Restore it").click()
    expect(row(page, "Discovery")).to_be_visible()


def test_the_team_one_acts_in_is_chosen_in_the_sidebar_and_outlives_a_reload(ada: Visitor) -> None:
    page = ada.open("/settings/teams")
    make(page, "Research")
    teams = page.get_by_label("Team", exact=True)
    with page.expect_request(
        lambda request: request.url.endswith("/me") and "x-team-id" in request.headers
    ):
        teams.select_option(label="Research")
    expect(page.get_by_label("Your question")).to_be_visible()
    page.reload()
    expect(teams.locator("option:checked")).to_have_text("Research")
    teams.select_option(label="Whole organisation")
    expect(teams.locator("option:checked")).to_have_text("Whole organisation")


def test_a_remembered_team_that_is_gone_is_forgotten(ada: Visitor) -> None:
    page = ada.open("/")
    expect(page.get_by_label("Your question")).to_be_visible()
    page.evaluate("localStorage['folkmoot.team'] = '019a8f3c-1c7e-7d90-8a4b-6e5f4d3c2b1a'")
    page.reload()
    expect(page.get_by_label("Your question")).to_be_visible()
    assert page.evaluate("localStorage['folkmoot.team']") is None


def test_a_team_is_made_and_left_by_keyboard_alone(ada: Visitor) -> None:
    page = ada.open("/settings/teams")
    page.get_by_role("button", name="New team").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("Research")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Research")).to_be_focused()
    page.get_by_role("button", name="Leave").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(row(page, "Research")).to_contain_text("not in it")


def test_teams_have_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/teams")
    expect(page.get_by_text("No teams yet")).to_be_visible()
    assert flaws(page) == []
    make(page, "Research")
    expect(page.get_by_label("Role of Ada")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="Add somebody").click()
    assert flaws(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Teams").click()
    expect(row(page, "Research")).to_be_visible()
    assert flaws(page) == []
