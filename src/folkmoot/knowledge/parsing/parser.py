"""Our side of parsing: start a child for a file, watch it, take its document, and end it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from typing import IO, Final

import msgspec
import structlog

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import frames, process
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.other_parsers import PdfParser
from folkmoot.knowledge.parsing.parsed import NO_TEXT, Parsed, ParseFailed, Scanned

CHILD: Final = "folkmoot.knowledge.parsing.child"
BYTES_PER_CHARACTER: Final = 8
NOT_LOADED: Final = (
    "What reads PDFs on this server cannot be loaded; its log says why to whoever runs it."
)

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], Awaitable[None]]
Aside = Callable[[], AbstractAsyncContextManager[None]]


class Parser:
    """Parses files in children, at most `children` of them at a time.

    Besides, half as many use models: that may take half an hour, for which nobody else waits.
    """

    def __init__(
        self,
        limits: Limits,
        *,
        children: int = 2,
        recognizer: str | None = None,
        pdf_parser: PdfParser | None = None,
    ) -> None:
        self.limits = limits
        self._recognizer = recognizer
        self._pdf_parser = pdf_parser
        self.room = asyncio.Semaphore(children)
        """A place for a child, for whoever starts one for a document."""
        self._models = asyncio.Semaphore(max(1, children // 2))
        self._warned = False

    async def parse(
        self, file: IO[bytes], kind: Kind, progress: Progress, *, aside: Aside | None = None
    ) -> Parsed:
        """Parse an open file.

        Args:
            file: It, at its beginning.
            kind: What it is.
            progress: Is told of parts that were read.
            aside: What is entered to read by models, which takes long and has few places; without
                it that is not done.

        Raises:
            ParseFailed: it cannot be read, or reading it would cost more than the limits allow.
        """
        how = frames.ASK if aside and self._recognizer else ""
        parsed: Parsed | None = None
        async with self.room:
            with suppress(Scanned):
                parsed = await self._in_child(file, kind, progress, self.limits, how)
        other = self._pdf_parser if aside and kind is Kind.PDF else None
        if parsed and not other:
            return parsed
        file.seek(0)
        async with (aside or nullcontext)(), self._models:
            if parsed and other:
                limits = self.limits.by_models()
                found = await self._in_child(file, kind, progress, limits, "", *other)
                return msgspec.structs.replace(found, title=found.title or parsed.title)
            limits, how = self.limits.recognizing(), self._recognizer or ""
            return await self._in_child(file, kind, progress, limits, how)

    async def _in_child(
        self, file: IO[bytes], kind: Kind, progress: Progress, limits: Limits, *how: str
    ) -> Parsed:
        reading = await _start(file.fileno(), kind, limits, *how)
        quiet = limits.quiet(os.fstat(file.fileno()).st_size)
        try:
            async with asyncio.timeout(limits.total_seconds):
                return await self._listen(reading, progress, quiet)
        except TimeoutError:
            raise ParseFailed("Reading the document takes too long.") from None
        finally:
            await process.end(reading)

    async def _listen(
        self, reading: asyncio.subprocess.Process, progress: Progress, quiet: float
    ) -> Parsed:
        patience = process.START_SECONDS + quiet * process.QUIET_FACTOR
        most = self.limits.text_characters * BYTES_PER_CHARACTER
        while True:
            async with asyncio.timeout(patience):
                letter, body = await process.frame(reading, most)
            patience = quiet * process.QUIET_FACTOR
            if letter == frames.PROGRESS:
                await progress(*msgspec.json.decode(body, type=tuple[int, int]))
            elif letter == frames.FAILURE:
                raise ParseFailed(msgspec.json.decode(body, type=str))
            elif letter == frames.SCANNED:
                raise Scanned(NO_TEXT)
            elif letter == frames.UNLOADED:
                log.error("parser.not_loaded", error=msgspec.json.decode(body, type=str))
                raise ParseFailed(NOT_LOADED)
            elif letter == frames.UNCONFINED:
                self._warn()
            else:
                return msgspec.json.decode(body, type=Parsed)

    def _warn(self) -> None:
        """Say once that on this system a parser that is taken over could read files."""
        if not self._warned:
            log.warning("parser.unconfined", platform=sys.platform)
        self._warned = True


async def _start(file: int, kind: Kind, limits: Limits, *how: str) -> asyncio.subprocess.Process:
    told = msgspec.json.encode(limits).decode()
    return await process.start(CHILD, file, kind, told, *how)
