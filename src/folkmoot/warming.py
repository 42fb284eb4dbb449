"""What a process loads once it has started, before somebody has to wait for it.

Nobody pays for what nobody uses: one that only stands by takes a fifth less memory, and one that
only talks through the API, without tools, an eighth.
"""

import asyncio
from typing import Final

from folkmoot.agents import loading as agent_loading
from folkmoot.assembly import Parts
from folkmoot.http.access_log import PROBES
from folkmoot.identity import jose
from folkmoot.kit import garbage
from folkmoot.llm import loading as model_loading

TALK: Final = "/api/chat/"


class Warming:
    """Follows who comes: any visitor may begin a turn, and who looks around one with tools."""

    def __init__(self) -> None:
        self._visited = asyncio.Event()
        self._explored = asyncio.Event()

    def notice(self, path: str) -> None:
        """Take note of a request."""
        if self._explored.is_set() or path in PROBES:
            return
        self._visited.set()
        if not path.startswith(TALK):
            self._explored.set()

    async def run(self, parts: Parts) -> None:
        """Load what is likely to be needed next."""
        await self._visited.wait()
        await asyncio.to_thread(model_loading.http_client)
        if parts.models.providers:
            await parts.accounts.prices.warm()
        garbage.settle()
        await self._explored.wait()
        await asyncio.to_thread(jose.load)
        await asyncio.to_thread(agent_loading.warm, parts.agents.registry.shared())
        garbage.settle()
