"""Passwords: argon2id, away from the event loop, and as slow for nobody as for somebody."""

import base64
import secrets
import unicodedata
from typing import Final

from anyio import CapacityLimiter, to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

ITERATIONS: Final = 2
KIBIBYTES: Final = 19 * 1024
LANES: Final = 1

AT_ONCE: Final = 2
"""How many passwords are hashed at the same time; each takes about 25 ms and 19 MiB."""

SHORTEST: Final = 10
LONGEST: Final = 1024


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self) -> None:
        self._hasher = PasswordHash((Argon2Hasher(ITERATIONS, KIBIBYTES, LANES),))
        self._turns = CapacityLimiter(AT_ONCE)
        self._decoy = decoy()

    async def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        return await to_thread.run_sync(self._hasher.hash, _composed(password), limiter=self._turns)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Check a password; where there is none to check against, take the same time and fail."""
        fits = await to_thread.run_sync(
            self._hasher.verify, _composed(password), stored or self._decoy, limiter=self._turns
        )
        return fits and stored is not None


def _composed(password: str) -> str:
    """Return the same characters whatever keyboard they were typed on (RFC 8265, section 4.2)."""
    return unicodedata.normalize("NFC", password)


def decoy() -> str:
    """Return a stored password that no password fits, at the cost of a real one."""
    salt, tag = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=") for length in (16, 32)
    )
    return f"$argon2id$v=19$m={KIBIBYTES},t={ITERATIONS},p={LANES}${salt}${tag}"
