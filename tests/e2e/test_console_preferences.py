"""Settings in the console: layers, locks, conflicts, and a theme that is put on at once."""

import re
from typing import Final

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Route, expect

from browsing import Visitor, flaws, visitor
from deployed import Deployed
from drawing import png

DAY: Final = 24 * 60
THEME: Final = "/settings/preferences/theme"


def save(page: Page) -> None:
    """Save, and wait until it is done."""
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_be_attached()


def test_a_value_is_set_and_unset_and_its_layer_is_told(ada: Visitor) -> None:
    page = ada.open("/settings/preferences/retrieval")
    mode = page.locator("[data-setting=mode]")
    expect(mode).to_contain_text("Hybrid")
    expect(mode).to_contain_text("from the deployment")
    page.get_by_label("Search", exact=True).select_option(label="By meaning")
    save(page)
    expect(mode).to_contain_text("from the organisation")
    page.get_by_label("Change for").select_option(label="You alone")
    page.get_by_label("Search", exact=True).select_option(label="By words")
    save(page)
    expect(mode).to_contain_text("from you")
    page.get_by_label("Search", exact=True).select_option(label="Not set here")
    save(page)
    expect(mode.locator(".now")).to_have_text("By meaning")


def test_what_the_organisation_keeps_cannot_be_changed_below_it(ada: Visitor) -> None:
    page = ada.open("/settings/preferences/retrieval")
    page.get_by_label("Passages", exact=True).fill("5")
    page.get_by_label("Members may set").uncheck()
    save(page)
    page.get_by_label("Change for").select_option(label="You alone")
    expect(page.get_by_label("Passages", exact=True)).to_be_disabled()
    expect(page.locator("[data-setting=k]")).to_contain_text("kept by the organisation")
    expect(page.get_by_label("Overlap")).to_be_enabled()


def test_whoever_is_slower_is_told_and_keeps_what_they_entered(ada: Visitor) -> None:
    slow, fast = (ada.open("/settings/preferences/budget") for _ in range(2))
    slow.get_by_label("Daily calls").fill("7")
    fast.get_by_label("Warning").fill("50")
    save(fast)
    slow.get_by_role("button", name="Save").click()
    expect(slow.get_by_role("alert")).to_contain_text("Somebody else was faster")
    slow.get_by_role("button", name="Show what is there now").click()
    expect(slow.get_by_label("Warning")).to_have_value("50")
    expect(slow.get_by_label("Daily calls")).to_have_value("7")
    save(slow)
    fast.reload()
    expect(fast.get_by_label("Daily calls")).to_have_value("7")


def test_what_is_typed_into_a_list_can_be_saved_before_the_field_is_left(ada: Visitor) -> None:
    page = ada.open("/settings/preferences/guardrails")
    page.get_by_label("No tools").focus()
    page.keyboard.type("fetch\n\nclock")
    expect(page.get_by_label("No tools")).to_have_value("fetch\n\nclock")
    expect(page.get_by_role("button", name="Save")).to_be_enabled()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-setting=denied_tools] .now")).to_have_text("fetch, clock")


def test_a_value_that_means_nothing_is_refused_in_words(ada: Visitor) -> None:
    page = ada.open("/settings/preferences/general")
    page.get_by_label("Time zone").fill("Nowhere/Land")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Not saved")
    expect(page.get_by_label("Time zone")).to_have_value("Nowhere/Land")


def test_a_theme_is_put_on_at_once_and_outlives_a_reload(ada: Visitor) -> None:
    page = ada.open(THEME)
    page.emulate_media(color_scheme="light")
    page.get_by_label("Name", exact=True).fill("Acme Assistant")
    page.get_by_label("Accent", exact=True).fill("#7a1fa2")
    page.get_by_label("Light or dark").select_option(label="Dark")
    save(page)
    expect(page.get_by_role("link", name="new chat").first).to_contain_text("Acme Assistant")
    expect(page).to_have_title("Theme · Acme Assistant")
    for _ in range(2):
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        accent = page.evaluate("document.documentElement.style.getPropertyValue('--accent')")
        assert accent.startswith("light-dark(#7a1fa2")
        page.reload()
        expect(page.get_by_label("Accent", exact=True)).to_have_value("#7a1fa2")
    page.get_by_label("Light", exact=True).check(force=True)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_times_are_shown_by_the_clock_of_the_settings(browser: Browser, console: Deployed) -> None:
    with visitor(browser, console.url, timezone_id="UTC", locale="en-GB") as ada:
        ada.sign_in()
        page = ada.open("/settings/sessions")
        signed_in = page.get_by_text("just now").first
        here = signed_in.get_attribute("title")
        page.goto(ada.url + "/settings/preferences/general")
        page.get_by_label("Time zone").fill("Asia/Kathmandu")
        save(page)
        page.get_by_role("link", name="Sessions").click()
        there = page.get_by_text(re.compile("just now|min ago")).first.get_attribute("title")
        assert here is not None
        assert there is not None
        assert (minutes(there) - minutes(here)) % DAY in {5 * 60 + 45, 5 * 60 + 44, 5 * 60 + 46}


def minutes(title: str) -> int:
    """Return the time of day in a title."""
    hours, past = map(int, re.findall(r"(\d\d):(\d\d)", title)[0])
    return hours * 60 + past


def test_the_agent_of_the_settings_is_the_one_that_is_asked(ada: Visitor) -> None:
    """A second agent is put into the list on its way to the browser: this server has but one."""

    def add(route: Route) -> None:
        answer = route.fetch()
        page = answer.json()
        page["items"].append(page["items"][0] | {"id": "helper", "name": "Helper"})
        route.fulfill(response=answer, json=page)

    ada.context.route("**/api/agents", add)
    page = ada.open("/")
    expect(page.get_by_label("Agent", exact=True)).to_have_value("chat")
    page.goto(ada.url + "/settings/preferences/general")
    page.get_by_label("Agent", exact=True).fill("helper")
    save(page)
    page.get_by_role("link", name="New chat").last.click()
    for _ in range(2):
        expect(page.get_by_label("Agent", exact=True)).to_have_value("helper")
        page.reload()
    page.get_by_label("Agent", exact=True).select_option("chat")
    page.reload()
    expect(page.get_by_label("Agent", exact=True)).to_have_value("chat")


@pytest.mark.parametrize("accent", ["#ffee00", "#000000", "#3b5bdb"])
def test_no_accent_makes_the_console_hard_to_read(reader: Visitor, accent: str) -> None:
    reader.sign_in()
    page = reader.open(THEME)
    page.get_by_label("Accent", exact=True).fill(accent)
    save(page)
    assert flaws(page) == []
    page.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("heading", name="Settings")).to_be_visible()
    assert flaws(page) == []


def test_settings_are_changed_by_keyboard_alone(ada: Visitor) -> None:
    page = ada.open("/settings/preferences/general")
    page.get_by_label("Language").focus()
    page.keyboard.type("de")
    page.keyboard.press("Enter")
    expect(page.locator("[data-setting=language] .now")).to_have_text("de")


@pytest.mark.parametrize("group", ["general", "guardrails", "models"])
def test_groups_of_settings_have_no_axe_violations(reader: Visitor, group: str) -> None:
    reader.sign_in()
    page = reader.open(f"/settings/preferences/{group}")
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_logo_is_put_on_at_once_by_a_layer_and_taken_off(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open(THEME)
    home = page.get_by_role("link", name="new chat").first
    expect(home.locator("svg")).to_be_visible()
    file = FilePayload(name="logo.png", mimeType="image/png", buffer=png(96, 32))
    page.get_by_label("Logo", exact=True).set_input_files(file)
    expect(home.locator("img")).to_be_visible()
    expect(page.locator("[data-setting=logo]")).to_contain_text("from the organisation")
    assert flaws(page) == []
    page.reload()
    expect(home.locator("img")).to_be_visible()
    assert home.locator("img").evaluate("image => image.naturalWidth") == 96
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("img", name="The logo as it is now")).to_be_visible()
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Remove the logo").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="The logo as it is now")).to_have_count(0)


def test_a_picture_that_could_carry_a_script_is_refused_in_words(ada: Visitor) -> None:
    page = ada.open(THEME)
    file = FilePayload(
        name="logo.png", mimeType="image/png", buffer=b"<svg><script>alert(1)</script></svg>"
    )
    page.get_by_label("Logo", exact=True).set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("has to be a PNG")
