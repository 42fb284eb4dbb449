"""How the last call of each model ended: tells whether it answers without asking it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from folkmoot.kit import clock
from folkmoot.kit.errors import Unavailable
from folkmoot.llm.errors import (
    ModelBusy,
    ModelCircuitOpen,
    ModelError,
    ModelRejected,
    ModelsClosed,
)

TELLING: Final = 300.0
"""Seconds for which a failure says something about the next call."""

REMEMBERED: Final = 256
"""Models at the most: their names come from users."""

OUR_OWN: Final = (ModelBusy, ModelCircuitOpen, ModelRejected, ModelsClosed)
"""Failures that say nothing about the provider."""


class Outcomes:
    """Remembers which models failed when they were last asked, and why."""

    def __init__(self) -> None:
        self._failures: dict[str, tuple[float, str]] = {}

    @contextmanager
    def of(self, name: str) -> Generator[None]:
        """Take note of how a call ends."""
        try:
            yield
        except OUR_OWN:
            raise
        except ModelError as error:
            if len(self._failures) >= REMEMBERED:
                self._failures.clear()
            self._failures[name] = clock.monotonic(), error.detail
            raise
        else:
            self._failures.pop(name, None)

    def failure(self, name: str) -> str | None:
        """Return how a model failed when it was last asked, if that was not long ago."""
        failed_at, detail = self._failures.get(name, (0.0, ""))
        return detail if detail and clock.monotonic() - failed_at < TELLING else None

    def demand(self, name: str) -> None:
        """Fail if the model failed when it was last asked, not long ago.

        Raises:
            Unavailable: it did; the detail says how.
        """
        detail = self.failure(name)
        if detail is not None:
            raise Unavailable(detail)
