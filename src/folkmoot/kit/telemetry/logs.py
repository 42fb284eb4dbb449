"""Structured log lines on stderr, one JSON object each, without secrets and personal data.

The standard library's loggers go the same way, so that a dependency cannot print what we hide.
"""

import logging
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum
from typing import BinaryIO, Final

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from folkmoot.kit import redact
from folkmoot.kit.redact import Redactor
from folkmoot.kit.telemetry import context
from folkmoot.kit.telemetry.cleaner import Cleaner

QUIETER: Final = {
    "uvicorn.access": logging.CRITICAL,
    "uvicorn.error": logging.WARNING,
    "httpx": logging.WARNING,
    "alembic": logging.WARNING,
    "procrastinate": logging.WARNING,
    "mcp": logging.CRITICAL,
    "client": logging.CRITICAL,  # the MCP library's, too: it prints what servers say
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
}
"""Loggers that would repeat what our own lines say, or tell what nobody may read, and the lowest
level they keep."""


class Style(StrEnum):
    JSON = "json"
    CONSOLE = "console"


def configure(
    *,
    level: str = "info",
    style: Style = Style.JSON,
    known: Sequence[str] = (),
    stream: BinaryIO | None = None,
) -> None:
    """Send every log line of this process to `stream` (stderr), at `level` and above.

    Args:
        level: Name of the lowest level that is written.
        style: JSON for machines, or a readable line for a person at a terminal.
        known: Exact secrets of this deployment, hidden wherever they turn up.
        stream: Where lines go.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    outlet = Outlet(stream or sys.stderr.buffer)
    cleaner = Cleaner(Redactor((*redact.SECRETS, *redact.PERSONAL), known=known))
    finish: list[Processor] = [cleaner, _renderer(style, colors=outlet.is_terminal)]
    structlog.configure(
        processors=[*ENRICH, *finish],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *names: LineLogger(outlet, *names),
        cache_logger_on_first_use=False,
    )
    _adopt_standard_library(threshold, finish, outlet)


class Outlet:
    """Writes whole lines; one that cannot be written is lost, for the work matters more."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    @property
    def is_terminal(self) -> bool:
        return self._stream.isatty()

    def write(self, line: str) -> None:
        """Write one line; two threads do not mix theirs."""
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(line.encode(errors="replace") + b"\n")
            self._stream.flush()


class LineLogger:
    """What structlog calls with a rendered line, by the name of its level."""

    def __init__(self, outlet: Outlet, name: str | None = None) -> None:
        self.name = name
        self.msg = self.debug = self.info = self.warning = outlet.write
        self.error = self.critical = self.exception = outlet.write


class StandardLibraryHandler(logging.Handler):
    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record as one line."""
        self._outlet.write(self.format(record))


def _add_ids(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in context.current().items():
        event.setdefault(name, value)
    return event


ENRICH: Final[tuple[Processor, ...]] = (
    _add_ids,
    structlog.stdlib.add_logger_name,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
)


def _renderer(style: Style, *, colors: bool) -> Processor:
    if style is Style.CONSOLE:
        plain = structlog.dev.plain_traceback
        return structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)
    return structlog.processors.JSONRenderer(serializer=_to_json)


def _to_json(event: EventDict, **_options: object) -> str:
    return orjson.dumps(event, default=str).decode()


def _adopt_standard_library(threshold: int, finish: list[Processor], outlet: Outlet) -> None:
    handler = StandardLibraryHandler(outlet)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=ENRICH,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finish],
        )
    )
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name, lowest in QUIETER.items():
        logging.getLogger(name).setLevel(lowest)
