"""How long a call may still take."""

from folkmoot.kit import clock


class Deadline:
    """Starts to run when it is made."""

    __slots__ = ("end", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = clock.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds that remain, at least 0."""
        return max(self.end - clock.monotonic(), 0.0)
