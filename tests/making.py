"""Making agents of an organisation over HTTP."""

from dataclasses import replace
from typing import Any

import httpx

from folkmoot.kit.subject import Subject
from talking import Platform, Talker

MAKER = frozenset({"agents:read", "agents:write", "agents:run", "runs:read", "conversations:read"})
READER = MAKER - {"agents:write"}


class Maker(Talker):
    """Somebody who makes agents."""

    async def call(
        self, method: str, path: str, json: Any = None, **headers: str
    ) -> httpx.Response:
        async with self.http() as client:
            return await client.request(method, f"/api/v1/agents{path}", json=json, headers=headers)

    async def make(self, slug: str = "support", **values: Any) -> dict[str, Any]:
        """Make an agent; it is published unless the values say otherwise."""
        body = {"slug": slug, "name": slug.title(), "system_prompt": "Be brief.", "publish": True}
        made = await self.call("POST", "", body | values)
        assert made.status_code == 201, made.text
        agent: dict[str, Any] = made.json()
        return agent

    async def change(self, agent: str, **values: Any) -> dict[str, Any]:
        changed = await self.call("PATCH", f"/{agent}", values)
        assert changed.status_code == 200, changed.text
        now: dict[str, Any] = changed.json()
        return now

    async def publish(self, name: str, number: int, label: str = "production") -> None:
        path = f"/{name}/versions/{number}/publish"
        answer = await self.call("POST", path, {"label": label})
        assert answer.status_code == 200, answer.text


def maker(platform: Platform, subject: Subject, permissions: frozenset[str] = MAKER) -> Maker:
    """Return somebody who may do this in the subject's organisation."""
    talker = platform.talker(replace(subject, permissions=permissions))
    return Maker(talker.platform, talker.subject, talker.key)
