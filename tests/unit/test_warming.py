"""What is loaded ahead follows who comes."""

import asyncio

import pytest

from folkmoot import assembly, warming
from folkmoot.agents import loading as graphs
from folkmoot.kit import garbage
from folkmoot.llm import loading as models
from route_walk import nowhere

pytestmark = pytest.mark.anyio


async def test_what_is_loaded_ahead_is_what_visitors_will_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found: list[str] = []
    settled = asyncio.Semaphore(0)
    monkeypatch.setattr(models, "http_client", lambda: found.append("client"))
    monkeypatch.setattr(graphs, "warm", lambda _agents: found.append("graphs"))
    monkeypatch.setattr(garbage, "settle", settled.release)
    ahead = warming.Warming()
    loading = asyncio.create_task(ahead.run(assembly.at_rest(nowhere())))

    async with asyncio.timeout(60):
        ahead.notice("/health/ready")
        ahead.notice("/metrics")
        await _everybody_has_had_a_turn()
        assert found == []
        ahead.notice("/api/chat/chat")
        await settled.acquire()
        await _everybody_has_had_a_turn()
        assert found == ["client"]
        ahead.notice("/")
        await loading
    assert found == ["client", "graphs"]


async def _everybody_has_had_a_turn() -> None:
    for _ in range(10):
        await asyncio.sleep(0)
