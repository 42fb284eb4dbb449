"""What takes memory and few need is loaded when somebody needs it, not when a server starts."""

import importlib
import subprocess
import sys
import threading
from functools import cache
from types import ModuleType

import pytest

from folkmoot.llm import loading
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.observed import ObservedEmbedder
from folkmoot.llm.offline.hashing import HashEmbedder
from folkmoot.llm.resilience.lines import Lines
from folkmoot.llm.resilience.outcomes import Outcomes

FEW_NEED = {"numpy", "jsonschema_rs", "obstore", "langmem", "trustcall"}
TURNS_NEED = {"langchain", "langgraph", "langsmith", "aiohttp", "genai_prices"}
CHOSEN = {f"vector_stores.{name}" for name in ("qdrant", "chroma", "pinecone", "carrying")}
SERVE = """
import sys
from folkmoot.cli import openapi
openapi.description()
print(*sys.modules)
import folkmoot.agents.graphs
print(*sys.modules)
"""


def test_a_server_starts_without_what_few_need() -> None:
    command = [sys.executable, "-c", SERVE]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    begun, working = map(str.split, said.splitlines())
    assert "folkmoot.knowledge.service" in begun
    assert (FEW_NEED | TURNS_NEED).isdisjoint(begun)
    rooms = [name.removeprefix("folkmoot.knowledge.") for name in begun]
    assert [name for name in rooms if name.startswith("parsing.pdf") or name in CHOSEN] == []
    assert "langchain" in working
    assert FEW_NEED.isdisjoint(working)


@pytest.mark.anyio
async def test_whoever_embeds_first_loads_the_library_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[threading.Thread] = []

    @cache
    def numpy() -> ModuleType:
        threads.append(threading.current_thread())
        return importlib.import_module("numpy")

    monkeypatch.setattr(loading, "numpy", numpy)
    free = Lines(ModelsConfig()).free
    vectors = await ObservedEmbedder(HashEmbedder(), Outcomes(), free).embed(["a"], kind="query")

    assert vectors.shape == (1, 384)
    assert len(threads) == 1
    assert threads != [threading.main_thread()]
