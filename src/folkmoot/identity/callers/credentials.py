"""Secrets that we hand out: random, shown once, known to us only by a digest.

They hold 256 random bits, so a plain SHA-256 is enough; passwords are another matter.
"""

import hashlib
import secrets
from typing import Final

API_KEY: Final = "fm_"
INVITATION: Final = "fm_invite_"
LINK: Final = "fm_link_"
REFRESH: Final = "fm_refresh_"
RESET: Final = "fm_reset_"

SHOWN: Final = 8
"""How many characters of a key are kept in clear, so that its owner can tell it from others."""


def new(prefix: str) -> str:
    """Return a new secret."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str | bytes) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()
