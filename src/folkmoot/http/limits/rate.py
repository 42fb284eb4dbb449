"""Rates as people write them: `10/minute`, or several at once, `10/minute,100/hour`."""

import re
from dataclasses import dataclass
from typing import Final

SECONDS: Final = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
WRITTEN: Final = re.compile(r"([1-9][0-9]{0,8})\s*/\s*(second|minute|hour|day)")
OFF: Final = "off"
SMALLEST_SHARE: Final = 100


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in so many seconds: all at once, if none came for as long."""

    count: int
    seconds: float

    @property
    def spacing(self) -> float:
        """Seconds in which one more request is allowed."""
        return self.seconds / self.count

    @property
    def share(self) -> int:
        """How many a process takes at once: a hundredth, of a small limit one."""
        return max(1, self.count // SMALLEST_SHARE)


def parse(text: str) -> tuple[Rate, ...]:
    """Read rates; `off` is none. Fails with `ValueError` for anything else."""
    if text.strip() == OFF:
        return ()
    rates: list[Rate] = []
    for part in text.split(","):
        written = WRITTEN.fullmatch(part.strip())
        if written is None:
            raise ValueError("it must be like 10/minute or 10/minute,100/hour, or off")
        rates.append(Rate(int(written[1]), SECONDS[written[2]]))
    return tuple(rates)
