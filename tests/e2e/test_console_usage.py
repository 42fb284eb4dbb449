"""Usage and budgets in the console."""

from pathlib import Path

from playwright.sync_api import Page, expect

from browsing import Visitor, ask, flaws, row


def use(page: Page, answers: int = 1) -> None:
    """Have a model answer."""
    for _ in range(answers):
        ask(page, "Go [[fake-tok5]]")
        expect(page.get_by_role("button", name="Copy")).to_have_count(1)
        page.get_by_role("link", name="New chat").first.click()


def limit(page: Page, *lines: str) -> None:
    """Set limits for oneself."""
    expect(page.locator("[data-setting=limits]")).to_contain_text("nothing")
    page.get_by_label("More limits").fill("\n".join(lines))
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-setting=limits]")).to_contain_text(", ".join(lines))


def test_what_was_used_is_charted_told_in_a_table_and_taken_along(ada: Visitor) -> None:
    page = ada.open("/")
    use(page, 2)
    page.goto(f"{ada.url}/settings/usage")
    chart = page.get_by_role("img", name="Cost by day and model")
    expect(chart).to_be_visible()
    page.get_by_label("Measure").select_option("Calls")
    expect(page.get_by_role("img", name="Calls by day and model")).to_be_visible()
    page.get_by_text("As a table").focus()
    page.keyboard.press("Enter")
    table = page.get_by_role("group", name="Calls by day and model, as a table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("2 calls")
    expect(table.get_by_role("row")).to_have_count(31)
    expect(row(page, "fake").last).to_be_visible()
    page.get_by_label("Grouped by").select_option("By person")
    expect(row(page, "You")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert "user_id" in lines[0]
    assert len(lines) == 2
    page.get_by_label("Time").select_option("12 months")
    expect(page.get_by_role("img", name="Calls by month and model")).to_be_visible()


def test_a_budget_tells_how_it_stands_and_when_it_is_full_again(ada: Visitor) -> None:
    page = ada.open("/settings/preferences/budget")
    limit(page, "1 calls/day", "5 calls per run")
    page.goto(f"{ada.url}/")
    use(page)
    page.goto(f"{ada.url}/settings/usage")
    budgets = page.get_by_role("list", name="Budgets")
    daily = budgets.get_by_role("listitem").filter(has_text="1 calls/day")
    expect(daily).to_contain_text("used up")
    expect(daily).to_contain_text("1 call of 1 call")
    expect(daily).to_contain_text("full again in")
    expect(daily.get_by_role("progressbar")).to_have_attribute("value", "1")
    expect(budgets).to_contain_text("Counted in each run by itself.")


def test_the_page_of_usage_has_no_axe_violations_and_fits_a_telephone(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/settings/preferences/budget")
    limit(page, "100 calls/day")
    page.goto(f"{reader.url}/settings/usage")
    expect(page.get_by_text("Nothing was used")).to_be_visible()
    assert flaws(page) == []
    page.goto(f"{reader.url}/")
    use(page)
    page.goto(f"{reader.url}/settings/usage")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(row(page, "fake").last).to_be_visible()
    page.get_by_text("As a table").click()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
