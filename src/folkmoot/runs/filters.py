"""What keeps secrets out of the log: the redactor of `kit`, as the spine asks for it."""

from dataclasses import dataclass
from typing import Final, Protocol

from folkmoot.kit.redact import Redactor, StreamRedactor


class TextFilter(Protocol):
    """Cleans one streamed text; may hold back what could still become a match."""

    def feed(self, text: str) -> str:
        """Take the next piece, return what may go out."""
        ...

    def flush(self) -> str:
        """Return what was held back: the text has ended."""
        ...


class Filters(Protocol):
    """Cleans what goes into the log: secrets always, personal data as the policy says."""

    def stream(self) -> TextFilter:
        """Return a filter for one streamed text."""
        ...

    def text(self, text: str) -> str:
        """Clean a whole text."""
        ...


PERSONAL: Final = "redact_pii"
"""The input of a run with this set keeps personal data out of its log, too."""


@dataclass(frozen=True, slots=True)
class Redacting:
    """Cleans what goes into the log of everything that the redactor's rules find."""

    redactor: Redactor

    def stream(self) -> StreamRedactor:
        """Return a filter for one streamed text."""
        return StreamRedactor(self.redactor)

    def text(self, text: str) -> str:
        """Clean a whole text."""
        return self.redactor.redact(text)
