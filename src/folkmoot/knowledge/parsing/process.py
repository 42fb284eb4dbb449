"""A child process for one file: started, listened to, and ended whatever it does."""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from typing import Final, cast

import structlog

from folkmoot.knowledge.parsing.parsed import ParseFailed

START_SECONDS: Final = 30.0
QUIET_FACTOR: Final = 4
"""A busy machine may stretch a child's time this much, from when it has begun; its processor time
is limited too."""
COMPLAINT_BYTES: Final = 4_000
PIPE_BYTES: Final = 65_536
ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
"""A child starts no threads of its own accord; libraries that reckon would like to."""
ERROR_NAME: Final = 80

log = structlog.get_logger(__name__)


async def start(module: str, file: int, *arguments: str) -> asyncio.subprocess.Process:
    """Start a module with an open file as what it is sent."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-B", "-m", module, *arguments),
        stdin=file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )


async def frame(process: asyncio.subprocess.Process, most: int) -> tuple[bytes, bytes]:
    """Return the next letter and what follows it.

    Raises:
        ParseFailed: The child has died, or says more than so many bytes.
    """
    output = cast(asyncio.StreamReader, process.stdout)
    try:
        head = await output.readexactly(5)
        (length,) = struct.unpack(">I", head[1:])
        if length > most:
            raise ParseFailed("The document holds more text than is allowed.")
        return head[:1], await output.readexactly(length)
    except asyncio.IncompleteReadError:
        raise ParseFailed(await _why(process)) from None


async def _why(process: asyncio.subprocess.Process) -> str:
    """Say in a sentence why a child ended without an answer, and log what it died of.

    Only the error's name is logged: its message may quote the document.
    """
    complaints = cast(asyncio.StreamReader, process.stderr)
    complaint = b""
    while piece := await complaints.read(PIPE_BYTES):  # all of it: what is left in a pipe blocks
        complaint = (complaint + piece)[-COMPLAINT_BYTES:]
    code = await process.wait()
    last_line = complaint.decode(errors="replace").strip().rpartition("\n")[2]
    log.warning("parser.died", code=code, error=last_line.partition(":")[0][:ERROR_NAME])
    if code in {-signal.SIGPROF, -signal.SIGKILL}:
        return "Reading the document takes too long."
    if b"MemoryError" in complaint:
        return "Reading the document needs more memory than is allowed."
    return "The document is damaged and cannot be read."


async def end(process: asyncio.subprocess.Process) -> None:
    """Kill whatever is left of the child's process group and reap it, and what is in its pipes.

    Who is cancelled meanwhile waits for that, too: the dead are gone in a moment.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    reaping = asyncio.ensure_future(process.communicate())
    try:
        await asyncio.shield(reaping)
    except asyncio.CancelledError:
        await reaping
        raise
