"""Schedules in the console: made with their meaning in words, run, paused, changed and deleted."""

from playwright.sync_api import Page, expect

from browsing import Visitor, flaws, row

EVERY_MORNING = "At 09:00 on Monday through Friday"


def begin(page: Page) -> None:
    """Open the form and say all but when."""
    page.get_by_role("button", name="Add a schedule").click()
    page.get_by_label("Name").fill("Morning report")
    page.get_by_label("What it is asked").fill("What is new? [[fake-tok5]]")


def add(page: Page) -> None:
    begin(page)
    expect(page.get_by_role("status").get_by_text(EVERY_MORNING)).to_be_visible()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Morning report")).to_be_visible()


def test_a_schedule_says_what_it_means_and_is_run_paused_and_deleted(ada: Visitor) -> None:
    page = ada.open("/settings/schedules")
    expect(page.get_by_text("No schedules yet")).to_be_visible()
    begin(page)
    page.get_by_label("When (cron)").fill("0 25 * * *")
    expect(page.get_by_text("Bad hour.")).to_be_visible()
    expect(page.get_by_role("button", name="Add", exact=True)).to_be_disabled()
    page.get_by_label("When (cron)").fill("0 9 * * 1-5")
    page.get_by_label("Time zone").select_option("Europe/Warsaw")
    times = page.get_by_role("list", name="Next times").get_by_role("listitem")
    expect(times).to_have_count(5)
    expect(times.first).to_contain_text("09:00")
    page.get_by_role("button", name="Add", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("asks chat")).to_be_visible()
    page.get_by_role("button", name="Run now").focus()
    page.keyboard.press("Enter")
    expect(row(page, "run by hand")).to_be_visible()
    page.get_by_role("button", name="Actions for the schedule").click()
    page.get_by_role("menuitem", name="Pause").click()
    expect(page.locator(".pill", has_text="paused")).to_be_visible()
    page.get_by_role("button", name="Actions for the schedule").click()
    page.get_by_role("menuitem", name="Resume").click()
    expect(page.locator(".pill", has_text="in use")).to_be_visible()
    page.get_by_role("button", name="Actions for the schedule").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("When (cron)").fill("30 6 1 * *")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("At 06:30 on the first day of every month")).to_be_visible()
    page.get_by_role("link", name="run by hand").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Actions for the schedule").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No schedules yet")).to_be_visible()


def test_pages_of_schedules_have_no_axe_violations_and_fit_a_telephone(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/schedules")
    begin(page)
    expect(page.get_by_role("list", name="Next times")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("button", name="Cancel").click()
    add(page)
    page.get_by_role("button", name="Run now").click()
    expect(row(page, "run by hand")).to_be_visible()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{reader.url}/settings/schedules")
    expect(page.get_by_role("link", name="Morning report")).to_be_visible()
    assert flaws(page) == []
