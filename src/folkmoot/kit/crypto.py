"""Keys for one purpose each, all made from the deployment's secret key."""

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derive(secret_key: str, purpose: str) -> bytes:
    """Return 32 bytes for a purpose (HKDF, RFC 5869); they tell nothing of any other purpose's."""
    return HKDF(SHA256(), 32, None, f"folkmoot {purpose}".encode()).derive(secret_key.encode())
