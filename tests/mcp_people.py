"""People who name MCP servers, look at their tools, and ask agents that call them."""

import json
from dataclasses import dataclass
from typing import Any

import httpx

from acting import Caller
from folkmoot.assembly import Parts
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from talking import Frame, Talker, body

Json = dict[str, Any]
SERVERS = "/api/v1/mcp-servers"


@dataclass(frozen=True)
class Scene:
    """The whole application, and the provider of its models."""

    parts: Parts
    client: httpx.AsyncClient
    provider: FakeProvider
    superuser: str


class Person(Talker):
    """Somebody who is signed in to the whole application."""

    def __init__(self, scene: Scene, caller: Caller) -> None:
        self.scene = scene
        self.caller = caller

    def http(self) -> httpx.AsyncClient:
        """Return a client that acts as this person."""
        return httpx.AsyncClient(
            base_url=self.scene.client.base_url, headers=self.caller.headers, timeout=60
        )

    async def call(self, method: str, path: str = "", data: Any = None) -> Any:
        """Ask the routes of servers; return what is answered, which must be good."""
        answer = await self.caller.ask(method, f"{SERVERS}{path}", data)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def refused(self, method: str, path: str = "", data: Any = None) -> tuple[int, str]:
        """Ask the same and return how it was refused."""
        answer = await self.caller.ask(method, f"{SERVERS}{path}", data)
        return answer.status_code, answer.json()["code"]

    async def name(self, url: str | None = None, name: str = "tickets", **fields: Any) -> str:
        """Name a server; return its id."""
        place = {} if url is None else {"url": url}
        made = await self.call("POST", data={"name": name, **place, **fields})
        return str(made["id"])

    async def tools(self, server: str) -> dict[str, Json]:
        """Return the tools of a server, by name."""
        listed = await self.call("GET", f"/{server}/tools")
        return {each["name"]: each for each in listed["items"]}

    async def enable(self, server: str, *names: str, **more: Any) -> None:
        """Test a server, look at tools and enable them."""
        tried = await self.call("POST", f"/{server}/test")
        assert tried["ok"], tried
        known = await self.tools(server)
        changes = [
            {"name": name, "enabled": True, "fingerprint": known[name]["fingerprint"], **more}
            for name in names
        ]
        await self.call("PATCH", f"/{server}/tools", {"tools": changes})

    async def uses(
        self, tool: str, arguments: Json | None = None, thread: str | None = None
    ) -> list[Frame]:
        """Ask an agent whose model calls a tool once, and then says that it is done."""
        self.scene.provider.script([uses(tool, arguments or {}), says("Done.")])
        return await self.send(body("Please.", thread, workflow="tools"))


def offered(provider: FakeProvider, place: int = -1) -> dict[str, Json]:
    """Return the tools that a model was told of."""
    told = json.loads(provider.chats[place].body).get("tools", ())
    return {each["function"]["name"]: each["function"] for each in told}
