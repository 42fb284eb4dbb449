"""Passwords: argon2id, away from the event loop, and as slow for nobody as for somebody."""

import base64
import secrets
import unicodedata
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

SHORTEST: Final = 10
LONGEST: Final = 1024

BCRYPT_READS: Final = 72
"""Bytes of a password that bcrypt has ever looked at."""


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

    async def check(self, password: str, stored: str | None) -> Checked:
        """Do the same, and tell what should be stored instead."""
        fits, better = await to_thread.run_sync(
            self._check, _composed(password), stored or self._decoy, limiter=self._turns
        )
        return Checked(fits and stored is not None, better)

    def _check(self, password: str, stored: str) -> tuple[bool, str | None]:
        try:
            return self._hasher.verify_and_update(password, stored)
        except UnknownHashError:
            return False, None


class _Bcrypt(BcryptHasher):
    """Reads as much of a password as those did who made the hash: the library would refuse."""

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - its name
        written = password.encode() if isinstance(password, str) else password
        return super().verify(written[:BCRYPT_READS], hash)


def _composed(password: str) -> str:
    """Return the same characters whatever keyboard they were typed on (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password)


def decoy() -> str:
    """Return a stored password that no password fits, at the cost of a real one."""
    salt, tag = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32)
    )
    return f"$argon2id$v=19$m={KIBIBYTES},t={ITERATIONS},p={LANES}${salt}${tag}"
