"""Our side of parsing: start a child for a file, watch it, take its document, and end it."""

import asyncio
import contextlib
import os
import signal
import struct
import sys
from collections.abc import Awaitable, Callable
from typing import IO, Final, cast

import msgspec
import structlog

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import child
from folkmoot.knowledge.parsing.parsed import NO_TEXT, Parsed, ParseFailed, Scanned
from folkmoot.knowledge.sniff import Kind

CHILD: Final = "folkmoot.knowledge.parsing.child"
START_SECONDS: Final = 30.0
QUIET_FACTOR: Final = 10
"""A busy machine may stretch a parser's quiet time this much; its processor time is limited too."""
COMPLAINT_BYTES: Final = 4_000
PIPE_BYTES: Final = 65_536
ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
}
"""A child starts no threads; libraries that reckon would like to."""
ERROR_NAME: Final = 80
BYTES_PER_CHARACTER: Final = 8

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], Awaitable[None]]


class Parser:
    """Parses files in children, at most `children` of them at a time.

    Besides, half as many recognise text: that may take half an hour, for which nobody else waits.
    """

    def __init__(self, limits: Limits, *, children: int = 2, recognizer: str | None = None) -> None:
        self.limits = limits
        self._recognizer = recognizer
        self._room = asyncio.Semaphore(children)
        self._recognizing = asyncio.Semaphore(max(1, children // 2))
        self._warned = False

    async def parse(
        self, file: IO[bytes], kind: Kind, progress: Progress, *, pictures: bool = False
    ) -> Parsed:
        """Parse an open file.

        Args:
            file: It, at its beginning.
            kind: What it is.
            progress: Is told of parts that were read.
            pictures: Whether to take the time to read pages that are pictures of text.

        Raises:
            ParseFailed: it cannot be read, or reading it would cost more than the limits allow.
        """
        how = child.ASK if pictures and self._recognizer else ""
        async with self._room:
            try:
                return await self._in_child(file, kind, progress, self.limits, how)
            except Scanned:
                file.seek(0)
        async with self._recognizing:
            limits, how = self.limits.recognizing(), self._recognizer or ""
            return await self._in_child(file, kind, progress, limits, how)

    async def _in_child(
        self, file: IO[bytes], kind: Kind, progress: Progress, limits: Limits, how: str
    ) -> Parsed:
        process = await _start(file.fileno(), kind, limits, how)
        try:
            async with asyncio.timeout(limits.total_seconds):
                return await self._listen(process, progress, limits.quiet_seconds)
        except TimeoutError:
            raise ParseFailed("Reading the document takes too long.") from None
        finally:
            await _end(process)

    async def _listen(
        self, process: asyncio.subprocess.Process, progress: Progress, quiet: float
    ) -> Parsed:
        patience = START_SECONDS + quiet * QUIET_FACTOR
        while True:
            async with asyncio.timeout(patience):
                letter, body = await self._frame(process)
            patience = quiet * QUIET_FACTOR
            if letter == child.PROGRESS:
                await progress(*msgspec.json.decode(body, type=tuple[int, int]))
            elif letter == child.FAILURE:
                raise ParseFailed(msgspec.json.decode(body, type=str))
            elif letter == child.SCANNED:
                raise Scanned(NO_TEXT)
            elif letter == child.UNCONFINED:
                self._warn()
            else:
                return msgspec.json.decode(body, type=Parsed)

    def _warn(self) -> None:
        """Say once that on this system a parser that is taken over could read files."""
        if not self._warned:
            log.warning("parser.unconfined", platform=sys.platform)
        self._warned = True

    async def _frame(self, process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
        output = cast(asyncio.StreamReader, process.stdout)
        try:
            head = await output.readexactly(5)
            (length,) = struct.unpack(">I", head[1:])
            if length > self.limits.text_characters * BYTES_PER_CHARACTER:
                raise ParseFailed("The document holds more text than is allowed.")
            return head[:1], await output.readexactly(length)
        except asyncio.IncompleteReadError:
            raise ParseFailed(await _why(process)) from None


async def _start(file: int, kind: Kind, limits: Limits, how: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-I", "-B", "-m", CHILD, kind, msgspec.json.encode(limits).decode(), how),
        stdin=file,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )


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


async def _end(process: asyncio.subprocess.Process) -> None:
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
