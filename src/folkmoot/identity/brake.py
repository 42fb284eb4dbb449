"""Slow down whoever guesses passwords: a few failures an account and address, then a pause."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from folkmoot.identity.errors import TooManyAttempts
from folkmoot.kit import clock

ATTEMPTS: Final = 10
SECONDS: Final = 300
REMEMBERED: Final = 10_000


@dataclass(slots=True)
class Attempts:
    """Attempts since `began`, in seconds of the monotonic clock."""

    began: float
    count: int = 0


class Brake:
    """Counts this process's attempts; of the pairs it knows the ten thousand newest."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[tuple[str, str], Attempts] = OrderedDict()

    def enter(self, account: str, address: str) -> None:
        """Count an attempt before it is made, so that many at once are counted too.

        Raises:
            TooManyAttempts: There have been ten in the last five minutes.
        """
        now = clock.monotonic()
        attempts = self._attempts.get((account, address))
        if attempts is None or now - attempts.began >= SECONDS:
            attempts = self._begin((account, address), now)
        if attempts.count >= ATTEMPTS:
            raise TooManyAttempts(int(attempts.began + SECONDS - now) + 1)
        attempts.count += 1

    def succeeded(self, account: str, address: str) -> None:
        """Forget the attempts: the password was right."""
        self._attempts.pop((account, address), None)

    def _begin(self, key: tuple[str, str], now: float) -> Attempts:
        self._attempts.pop(key, None)
        while len(self._attempts) >= REMEMBERED:
            self._attempts.popitem(last=False)
        return self._attempts.setdefault(key, Attempts(now))
