"""People who let Folkmoot use MCP servers in their name, with the browsers they do it in."""

from urllib.parse import parse_qs, urlsplit

import httpx

from mcp_people import Person

CALLBACK = "/api/v1/mcp-authorizations/callback"


async def begun(who: Person, server: str) -> httpx.Response:
    """Ask where somebody lets us in."""
    return await who.caller.ask("POST", f"/api/v1/mcp-servers/{server}/authorization")


async def brought(
    who: Person, answer: httpx.Response, cookie: str | None = None, **changes: str
) -> httpx.Response:
    """Be a browser that goes where it is sent, and back with what it was given."""
    own = answer.headers["set-cookie"].partition(";")[0]
    async with httpx.AsyncClient() as browser:
        led = await browser.get(answer.json()["url"])
    assert led.status_code == 302, led.text
    query = parse_qs(urlsplit(led.headers["location"]).query)
    given = {name: each[0] for name, each in query.items()} | changes
    who.scene.client.cookies.clear()
    headers = {"Cookie": own if cookie is None else cookie}
    return await who.scene.client.get(CALLBACK, params=given, headers=headers)


async def let_in(who: Person, server: str) -> None:
    """Let us in, all the way."""
    answer = await begun(who, server)
    assert answer.status_code == 200, answer.text
    back = await brought(who, answer)
    assert back.status_code == 303, back.text
    assert back.headers["location"] == f"/settings/mcp-servers/{server}"
