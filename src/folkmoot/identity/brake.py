"""Slow down whoever guesses passwords: a few failures an account and address, then a pause."""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from folkmoot.identity.errors import TooManyAttempts
from folkmoot.kit import clock

ATTEMPTS: Final = 10
SPREAD: Final = 500
"""Attempts from one address on all accounts together: people behind one address are many."""
SECONDS: Final = 300
EVERYBODY: Final = ""

Counted = tuple[str, str]
"""An account and an address."""


@dataclass(slots=True)
class Attempts:
    """Attempts since `began`, in seconds of the monotonic clock."""

    began: float
    count: int = 0


class Brake:
    """Counts this process's attempts and forgets none that still matters.

    They do not pile up: each costs a password's hash, and of those there are few in five minutes.
    """

    def __init__(self) -> None:
        self._attempts: OrderedDict[Counted, Attempts] = OrderedDict()

    def enter(self, account: str, address: str) -> None:
        """Count an attempt before it is made, so that many at once are counted too.

        Raises:
            TooManyAttempts: There have been too many in the last five minutes.
        """
        now = clock.monotonic()
        self._forget(now)
        network = network_of(address)
        counts = ((EVERYBODY, network), SPREAD), ((account, network), ATTEMPTS)
        for counted, most in counts:
            attempts = self._attempts.get(counted)
            if attempts is not None and attempts.count >= most:
                raise TooManyAttempts(int(attempts.began + SECONDS - now) + 1)
        for counted, _ in counts:
            self._attempts.setdefault(counted, Attempts(now)).count += 1

    def succeeded(self, account: str, address: str) -> None:
        """Forget the attempts: the password was right."""
        network = network_of(address)
        self._attempts.pop((account, network), None)
        attempts = self._attempts.get((EVERYBODY, network))
        if attempts is not None:
            attempts.count -= 1

    def _forget(self, now: float) -> None:
        """Forget what is five minutes old; the oldest stands first."""
        while self._attempts:
            counted, attempts = next(iter(self._attempts.items()))
            if now - attempts.began < SECONDS:
                return
            del self._attempts[counted]


def network_of(address: str) -> str:
    """Return what one person has of addresses: of IPv6 it is a whole network."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or ipaddress.IPv6Network((found, 64), strict=False))
