"""What keeps secrets out of the log: the redactor of `kit`, as the spine asks for it."""

from dataclasses import dataclass

from folkmoot.kit.redact import Redactor, StreamRedactor


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
