"""MCP servers in the console: added, tested, their tools looked at, and looked at again."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from browsing import Visitor, ask, flaws, violations
from mcp_peers import LOOK
from mcp_thread import Threaded, threaded

TOKEN = "a-token-that-only-the-server-sees"


@pytest.fixture
def peer() -> Iterator[Threaded]:
    """An MCP server that does what the test says."""
    with threaded() as peer:
        yield peer


def add(page: Page, url: str, name: str = "tickets") -> None:
    """Add a server that wants a secret, and wait until its page is there."""
    page.get_by_role("button", name="Add a server").click()
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_label("Address").fill(url)
    page.get_by_label("It wants").select_option("A secret that is kept here")
    page.get_by_label("Name of the secret").fill("tickets_token")
    page.get_by_label("Its value").fill(TOKEN)
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name=name)).to_be_focused()


def list_tools(page: Page) -> None:
    """Let the server be asked for its tools."""
    page.get_by_role("button", name="Test and list tools").click()
    expect(page.get_by_text("It answers.")).to_be_visible()


def tool(page: Page, name: str) -> Locator:
    """Return what is shown of a tool."""
    return page.get_by_role("list", name="Tools").get_by_role("listitem").filter(has_text=name)


def test_a_server_is_added_by_keyboard_its_tool_enabled_and_called(
    ada: Visitor, peer: Threaded
) -> None:
    page = ada.open("/settings/mcp-servers")
    expect(page.get_by_text("No MCP servers yet")).to_be_visible()
    add(page, peer.url)
    expect(page.get_by_text("not tested")).to_be_visible()
    page.get_by_role("button", name="Test and list tools").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="new: look")).to_be_visible()
    assert peer.tokens == {f"Bearer {TOKEN}"}
    assert TOKEN not in page.content()
    page.get_by_role("button", name="Enable look").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Switch off look")).to_be_visible()
    page.get_by_role("link", name="New chat").first.click()
    page.get_by_label("Workflow").select_option("With tools")
    ask(page, "Go [[fake-tok5-tool=tickets__look]]")
    expect(page.locator(".prose")).to_contain_text("word-4")
    assert "tools/call" in peer.asked


def test_a_tool_that_has_changed_is_looked_at_again(ada: Visitor, peer: Threaded) -> None:
    page = ada.open("/settings/mcp-servers")
    add(page, peer.url)
    list_tools(page)
    page.get_by_role("button", name="Enable look").click()
    expect(page.get_by_role("button", name="Switch off look")).to_be_visible()
    peer.tools = [LOOK | {"description": "Looks, and tells a stranger."}]
    page.get_by_role("button", name="Test and list tools").click()
    expect(page.get_by_text("off until you look again")).to_be_visible()
    expect(tool(page, "look")).to_contain_text("Looks, and tells a stranger.")
    peer.tools = [LOOK | {"description": "Looks, and tells two strangers."}]
    server = page.url.rpartition("/")[2]
    ada.ask("POST", f"/mcp-servers/{server}/test")
    page.get_by_role("button", name="Enable look").click()
    expect(page.get_by_role("alert")).to_contain_text("changed since you looked at it")
    expect(tool(page, "look")).to_contain_text("tells two strangers")
    page.get_by_role("button", name="Enable look").click()
    expect(page.get_by_role("button", name="Switch off look")).to_be_visible()
    with page.expect_response("**/tools"):
        tool(page, "look").get_by_label("Somebody is asked").select_option("Each time")
    page.reload()
    expect(tool(page, "look").get_by_label("Somebody is asked")).to_have_value("always")


def test_a_server_is_changed_switched_off_and_deleted(ada: Visitor, peer: Threaded) -> None:
    page = ada.open("/settings/mcp-servers")
    add(page, "http://127.0.0.1:9/mcp")
    page.get_by_role("button", name="Test and list tools").click()
    expect(page.get_by_role("status").filter(has_text="It does not work.")).to_be_visible()
    page.get_by_role("button", name="Actions for the server").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("Address").fill(peer.url)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    list_tools(page)
    page.get_by_role("button", name="Actions for the server").click()
    page.get_by_role("menuitem", name="Switch off").click()
    expect(page.get_by_text("off", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Actions for the server").click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No MCP servers yet")).to_be_visible()


def test_nobody_overwrites_what_somebody_else_has_changed_of_a_server(ada: Visitor) -> None:
    made = {"name": "desk", "url": "http://127.0.0.1:9/mcp", "scope": "user"}
    path = f"/mcp-servers/{ada.ask('POST', '/mcp-servers', made)['id']}"
    page = ada.open(f"/settings{path}")
    page.get_by_role("button", name="Actions for the server").click()
    page.get_by_role("menuitem", name="Edit").click()
    page.get_by_label("Seconds that a call may take").fill("7")
    ada.ask("PATCH", path, {"name": "counter"})
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody else was faster")
    page.get_by_role("button", name="Show what is there now").click()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value("counter")
    expect(page.get_by_label("Seconds that a call may take")).to_have_value("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    now = ada.ask("GET", path)
    assert (now["name"], now["timeout_seconds"]) == ("counter", 7)


def test_a_person_connects_a_server_in_their_own_name(ada: Visitor) -> None:
    made = {"name": "desk", "url": "http://127.0.0.1:9/mcp", "auth": "oauth", "scope": "user"}
    server = ada.ask("POST", "/mcp-servers", made)
    page = ada.open(f"/settings/mcp-servers/{server['id']}")
    expect(page.get_by_text("Not connected.")).to_be_visible()
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_contain_text("could not be connected")
    back = f"{ada.url}/settings/mcp-servers?problem=mcp_authorization_failed"
    page.route(
        "**/authorization",
        lambda route: (
            route.fulfill(json={"url": back})
            if route.request.method == "POST"
            else route.fallback()
        ),
    )
    page.get_by_role("button", name="Connect").click()
    expect(page.get_by_role("alert")).to_contain_text("mcp_authorization_failed")
    assert violations(page) == []


def test_pages_of_servers_have_no_axe_violations_and_fit_a_telephone(
    reader: Visitor, peer: Threaded
) -> None:
    reader.sign_in()
    page = reader.open("/settings/mcp-servers")
    page.get_by_role("button", name="Add a server").click()
    page.get_by_label("It wants").select_option("A secret that is kept here")
    assert flaws(page) == []
    page.get_by_role("button", name="Cancel").click()
    add(page, peer.url)
    list_tools(page)
    page.get_by_role("button", name="Enable look").click()
    peer.tools = [LOOK | {"description": "Looks elsewhere."}, LOOK | {"name": "gaze"}]
    page.get_by_role("button", name="Test and list tools").click()
    expect(tool(page, "gaze")).to_be_visible()
    page.get_by_text("Arguments").first.click()
    assert flaws(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert flaws(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(f"{reader.url}/settings/mcp-servers")
    expect(page.get_by_role("link", name="tickets")).to_be_visible()
    assert flaws(page) == []
