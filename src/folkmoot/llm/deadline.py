"""How long a call may still take."""

from folkmoot.kit import clock


class Deadline:
    """Starts to run when it is made."""

    __slots__ = ("_end", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that remain, at least 0."""
        return max(self._end - clock.monotonic(), 0.0)
