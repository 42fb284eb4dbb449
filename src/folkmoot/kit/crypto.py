"""Keys for one purpose each, all made from the deployment's secret key."""

import hmac
from typing import Final

HASH: Final = "sha256"
ANY_SALT: Final = bytes(32)
FIRST_BLOCK: Final = b"\x01"


def derive(secret_key: str, purpose: str) -> bytes:
    """Return 32 bytes for a purpose; they tell nothing of any other purpose's.

    That is HKDF (RFC 5869) without a salt, of which a single block of SHA-256 is enough. A library
    of ciphers would do it, too, but every process derives keys and few need anything else of it.
    """
    extracted = hmac.digest(ANY_SALT, secret_key.encode(), HASH)
    return hmac.digest(extracted, f"folkmoot {purpose}".encode() + FIRST_BLOCK, HASH)
