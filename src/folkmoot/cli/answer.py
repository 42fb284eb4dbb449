"""An answer as it is written on a terminal, from the events of its run (AG-UI 1.0)."""

from collections.abc import Callable, Mapping
from typing import Final

from folkmoot.cli import terminal
from folkmoot.cli.api import Json, record, records
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.following import Event

CUT: Final = "message.cut"
CITATIONS: Final = "citations"
CANCELLED: Final = "cancelled"
REMARKS: Final = {
    CANCELLED: "(Cancelled.)",
    "interrupt": "(The run waits for somebody to decide.)",
}


class Answer:
    """Writes text to standard output as it comes, and what is done for it to standard error.

    Attributes:
        code: How a command ends with this answer; None until the run has ended.
    """

    def __init__(self) -> None:
        self.code: ExitCode | None = None
        self._said = False
        self._in_line = False
        self._sources: dict[str, list[Json]] = {}
        self._handlers: Mapping[str, Callable[[Event], None]] = {
            "TEXT_MESSAGE_START": self._begin,
            "TEXT_MESSAGE_CONTENT": self._go_on,
            "TEXT_MESSAGE_END": self._end_line,
            "TOOL_CALL_START": self._tool,
            "CUSTOM": self._custom,
            "RUN_FINISHED": self._finished,
            "RUN_ERROR": self._failed,
        }

    def take(self, _number: int, event: Event) -> None:
        """Show one event; what has no place here is passed over."""
        self.code = code_of(event)
        handler = self._handlers.get(str(event.get("type")))
        if handler is not None:
            handler(event)

    def _begin(self, _event: Event) -> None:
        self._end_line()
        if self._said:
            terminal.show()
        self._said = False

    def _go_on(self, event: Event) -> None:
        delta = str(event.get("delta", ""))
        terminal.show(delta, end="")
        if delta:
            self._said, self._in_line = True, not delta.endswith("\n")

    def _end_line(self, _event: Event | None = None) -> None:
        if self._in_line:
            terminal.show()
            self._in_line = False

    def _tool(self, event: Event) -> None:
        self._tell(f"({event.get('toolCallName')} …)")

    def _custom(self, event: Event) -> None:
        name, value = event.get("name"), record(event.get("value"))
        message = str(value.get("message_id"))
        if name == CUT:
            self._sources.pop(message, None)
            self._tell("(The answer broke off; it is given anew.)")
        elif name == CITATIONS:
            self._sources[message] = records(value.get("citations"))

    def _finished(self, event: Event) -> None:
        self._end_line()
        self._show_sources()
        remark = REMARKS.get(outcome(event))
        if remark is not None:
            self._tell(remark)

    def _failed(self, event: Event) -> None:
        code = f" ({event['code']})" if event.get("code") else ""
        self._tell(f"Error: {event.get('message')}{code}")

    def _tell(self, text: str) -> None:
        self._end_line()
        terminal.note(text)

    def _show_sources(self) -> None:
        """Write the passages that the answer refers to by number, each number once."""
        cited = [source for sources in self._sources.values() for source in sources]
        by_number = {int(source["index"]): source for source in cited if "index" in source}
        if by_number:
            terminal.show("\nSources:")
        for number, source in sorted(by_number.items()):
            page = f", page {source['page']}" if source.get("page") is not None else ""
            terminal.show(f"  [{number}] {terminal.one_line(str(source.get('title')))}{page}")


class EventLines:
    """Writes every event as a line of JSON."""

    def __init__(self) -> None:
        self.code: ExitCode | None = None

    def take(self, number: int, event: Event) -> None:
        """Write one event."""
        self.code = code_of(event)
        terminal.show_json({"id": number, "event": event}, indent=None)


def code_of(event: Event) -> ExitCode | None:
    """Return how a command ends if its run ended with this event; None if it did not end."""
    if event.get("type") == "RUN_FINISHED":
        return ExitCode.FAILED if outcome(event) == CANCELLED else ExitCode.DONE
    return ExitCode.FAILED if event.get("type") == "RUN_ERROR" else None


def outcome(event: Event) -> str:
    """Return how a run finished: success, cancelled or interrupt."""
    return str(record(event.get("outcome")).get("type"))
