"""Passwords: argon2id, away from the event loop, and as slow for nobody as for somebody."""

import base64
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

ITERATIONS: Final = 2
KIBIBYTES: Final = 19 * 1024
LANES: Final = 1

AT_ONCE: Final = 2
"""How many passwords are hashed at the same time; each takes about 25 ms and 19 MiB."""

BCRYPT_READS: Final = 72
"""Bytes of a password that bcrypt has ever looked at."""
BCRYPT_COST: Final = re.compile(r"\$2[abxy]\$([0-9]{2})\$")
UNFITTING: Final = "." * 53
"""Salt and tag of a hash that no password is known to fit."""
ARGON2: Final = "$argon2"

SLOWEST: Final = 14
"""Nobody waits longer than bcrypt takes at this cost, a second or so, for another one's hash."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a password fits, and what should be stored of it instead, if that got old."""

    fits: bool
    better: str | None = field(default=None, repr=False)


class Passwords:
    """Hashes and checks passwords; those that came from elsewhere as bcrypt are checked, too."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(ITERATIONS, KIBIBYTES, LANES), _Bcrypt()))
        self._turns = CapacityLimiter(AT_ONCE)
        self._decoy = decoy()

    async def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        return await to_thread.run_sync(self._hasher.hash, _composed(password), limiter=self._turns)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Check a password; where there is none to check against, take the same time and fail."""
        return (await self.check(password, stored)).fits

    async def check(self, password: str, stored: str | None, slowest: int | None = None) -> Checked:
        """Do the same, and tell what should be stored instead.

        Args:
            password: What somebody has typed.
            stored: What is stored of the account's password.
            slowest: The cost of the slowest bcrypt hash that anybody has here. What does not fit
                takes as long as that and argon2id together, whatever is stored: how long it took
                tells nobody whether there is an account, nor where its hash comes from.
        """
        fits, better = await to_thread.run_sync(
            self._check, _composed(password), stored or self._decoy, slowest, limiter=self._turns
        )
        return Checked(fits and stored is not None, better)

    def _check(self, password: str, stored: str, slowest: int | None) -> tuple[bool, str | None]:
        try:
            fits, better = self._hasher.verify_and_update(password, stored)
        except UnknownHashError:
            fits, better = False, None
        if not fits:
            self._tarry(password, stored, slowest)
        return fits, better

    def _tarry(self, password: str, stored: str, slowest: int | None) -> None:
        """Do what checking another kind of hash would have cost besides."""
        if not stored.startswith(ARGON2):
            self._hasher.verify(password, self._decoy)
        for cost in _missing(_cost_of(stored), slowest):
            self._hasher.verify(password, f"$2b${cost:02}${UNFITTING}")


class _Bcrypt(BcryptHasher):
    """Reads as much of a password as those did who made the hash: the library would refuse."""

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - its name
        written = password.encode() if isinstance(password, str) else password
        return super().verify(written[:BCRYPT_READS], hash)


def _cost_of(stored: str) -> int | None:
    """Return the cost that bcrypt has written into a hash; None if it is no hash of bcrypt's."""
    found = BCRYPT_COST.match(stored)
    return int(found[1]) if found else None


def _missing(cost: int | None, slowest: int | None) -> Iterable[int]:
    """Return the costs of the hashes that are missing to the slowest one.

    Each cost takes twice as long as the one before it: 10, 10 and 11 are as slow as 12.
    """
    if slowest is None:
        return ()
    longest = min(slowest, SLOWEST)
    return (longest,) if cost is None else range(cost, longest)


def _composed(password: str) -> str:
    """Return the same characters whatever keyboard they were typed on (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password)


def decoy() -> str:
    """Return a stored password that no password fits, at the cost of a real one."""
    salt, tag = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32)
    )
    return f"$argon2id$v=19$m={KIBIBYTES},t={ITERATIONS},p={LANES}${salt}${tag}"
