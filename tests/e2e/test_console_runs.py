import re

from playwright.sync_api import Page, expect

from browsing import Visitor, ask


def test_a_run_shows_its_log_and_that_its_chain_is_whole(page: Page) -> None:
    ask(page, "Hello")
    page.get_by_role("link", name="Event log").click()
    expect(page.get_by_text("The hash chain is whole")).to_be_visible()
    events = page.locator("details")
    expect(events.first).to_contain_text("run.started")
    expect(events.last).to_contain_text("run.finished")
    delta = events.filter(has_text="message.delta").first
    delta.locator("summary").click()
    expect(delta.get_by_role("group", name="Payload of event")).to_contain_text('"delta": "Hello')


def test_a_running_run_is_shown_live_to_its_end(ada: Visitor) -> None:
    chat = ada.open("/")
    ask(chat, "Go [[fake-tok100-itl20]]")
    expect(chat.locator(".prose")).to_contain_text("word-3")
    page = ada.open("/runs")
    page.get_by_role("main").get_by_role("link", name="agent").click()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.locator("details").last).to_contain_text("run.finished")
    expect(page.get_by_text("Live", exact=True)).to_have_count(0)
    expect(page.get_by_text("The hash chain is whole")).to_be_visible()


def test_a_long_log_is_read_page_by_page(page: Page) -> None:
    ask(page, "Go [[fake-tok260-itl12]]")
    expect(page.locator(".prose")).to_contain_text("word-259")
    page.get_by_role("link", name="Event log").click()
    page.get_by_role("button", name="Read on").click()
    expect(page.locator("details").last).to_contain_text("run.finished")
    expect(page.get_by_role("button", name="Read on")).to_have_count(0)


def test_runs_are_listed_by_kind_and_state(page: Page) -> None:
    ask(page, "Hello")
    expect(page.get_by_role("link", name="Event log")).to_be_visible()
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("cell", name="finished")).to_be_visible()
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_text("No run matches")).to_be_visible()


def test_a_run_that_is_not_there_is_said_to_be_missing(ada: Visitor) -> None:
    page = ada.open("/runs/01890000-0000-7000-8000-000000000000")
    expect(page.get_by_role("alert")).to_contain_text("Not found")
    unknown = ada.open("/runs")
    unknown.goto(f"{ada.url}/runs/a/b")
    expect(unknown.get_by_text(re.compile("not_found"))).to_be_visible()
