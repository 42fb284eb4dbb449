"""Programs that speak MCP over their standard input and output, started and ended.

This module imports the protocol's library and is loaded with it. The library could start programs
itself, and would keep whatever they print until a line ends: one that prints without an end would
take this process along.
"""

import os
import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Final

import anyio
import mcp_types as types
from anyio.abc import ByteReceiveStream, ByteSendStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage

from folkmoot.tools.mcp.errors import McpAnswerUnusable
from folkmoot.tools.mcp.guarding import LARGEST, Guarded
from folkmoot.tools.mcp.ports import Address

GRACE: Final = 2.0
"""Seconds in which a program may end by itself when nothing is said to it any more."""
OVER: Final = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)

Heard = SessionMessage | Exception
Streams = tuple[MemoryObjectReceiveStream[Heard], MemoryObjectSendStream[SessionMessage]]


@asynccontextmanager
async def started(address: Address, guard: Guarded) -> AsyncGenerator[Streams]:
    """Run a program for as long as the block lasts; give what it says and what it is told.

    What it writes to its standard error is nobody's: in our log it would pass for ours.
    """
    process = await anyio.open_process(
        address.program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**get_default_environment(), **address.variables},
        start_new_session=True,
    )
    hearing, heard = anyio.create_memory_object_stream[Heard](0)
    telling, told = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as group:
        try:
            if process.stdout is not None and process.stdin is not None:
                group.start_soon(_hear, process.stdout, hearing, guard)
                group.start_soon(_tell, process.stdin, told, hearing)
            yield heard, telling
        finally:
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await _end(process)
            for stream in (hearing, heard, telling, told):
                stream.close()


async def _hear(
    output: ByteReceiveStream, into: MemoryObjectSendStream[Heard], guard: Guarded
) -> None:
    """Hand on what a program says, line by line, until one is too long."""
    kept = b""
    async with into:
        with suppress(*OVER):
            while len(kept) <= LARGEST:
                *lines, kept = (kept + await output.receive()).split(b"\n")
                for line in lines:
                    await into.send(_read(line))
            guard.trouble = McpAnswerUnusable("it is too large")


async def _tell(
    program: ByteSendStream,
    messages: MemoryObjectReceiveStream[SessionMessage],
    hearing: MemoryObjectSendStream[Heard],
) -> None:
    """Tell a program what it is asked; one that does not listen any more says nothing either."""
    with suppress(*OVER):
        async for each in messages:
            text = each.message.model_dump_json(by_alias=True, exclude_unset=True)
            await program.send(f"{text}\n".encode())
    await hearing.aclose()


def _read(line: bytes) -> Heard:
    try:
        return SessionMessage(types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as error:
        return error


async def _end(process: Process) -> None:
    """Say nothing more to a program; if it goes on, kill it. What it has begun goes with it."""
    with suppress(*OVER):
        if process.stdin is not None:
            await process.stdin.aclose()
    with anyio.move_on_after(GRACE):
        await process.wait()
    with suppress(ProcessLookupError):  # nobody is left
        os.killpg(process.pid, signal.SIGKILL)
    await process.aclose()
