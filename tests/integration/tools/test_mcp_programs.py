"""Programs that speak MCP end when they are not needed, and nothing of theirs stays."""

import os
from pathlib import Path

import anyio
import pytest

from folkmoot.kit.outbound.client import Outbound
from folkmoot.tools.mcp import programs
from folkmoot.tools.mcp.guarding import Guarded
from folkmoot.tools.mcp.models import Transport
from folkmoot.tools.mcp.ports import Address

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("last", ["exec cat", "cat; sleep 30"], ids=["ends", "goes on"])
async def test_what_a_program_has_begun_ends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    monkeypatch.setattr(programs, "GRACE", 0.2)
    held = tmp_path / "held"
    os.mkfifo(held)
    program = ("/bin/sh", "-c", f"sleep 30 > {held} & {last}")
    address = Address(transport=Transport.STDIO, program=program)
    with anyio.fail_after(20):
        async with programs.started(address, Guarded(Outbound())):
            file = await anyio.open_file(held, "rb")  # once the other end is open
        assert await file.read() == b""  # nobody holds the other end any more
        await file.aclose()
