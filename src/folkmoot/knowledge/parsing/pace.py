"""How long a parser may go on, by how far it has come."""

from dataclasses import dataclass
from typing import Final

FORESIGHT: Final = 2
"""How many times the time left the rest of a file has to seem to take: no two pages are alike."""


@dataclass(slots=True)
class Pace:
    """Grants processor time until `end`, and at most `quiet` seconds of it at once.

    `last` is the time of the last report, at first that of the beginning.
    """

    quiet: float
    end: float
    last: float
    _begun: float = 0.0
    _done: int = 0
    _total: int = 0

    def granted(self, done: int, total: int, now: float) -> float:
        """Return the seconds until the next report, none if the rest would never be read in time.

        Who counts anew is measured anew: a file may be read in passes, and a message brings others.
        """
        if total != self._total or done < self._done:
            self._begun = self.last
        self._done, self._total, self.last = done, total, now
        spent, left = now - self._begun, self.end - now
        if 0 < done < total and spent > self.quiet:
            rest = spent * (total - done) / done
            if rest > FORESIGHT * left:
                return 0.0
        return min(self.quiet, left)
