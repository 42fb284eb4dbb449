"""What is written down so that only who has the key can read it, and nobody can change it.

The library of ciphers is loaded with the first seal: a process that has none to make or to break
does without its 9 MB.
"""

import os
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE: Final = 12
AEAD: Final = "cryptography.hazmat.primitives.ciphers.aead"


class SealBroken(Exception):
    """It was sealed with another key, about something else, or is no seal at all."""


def seal(key: bytes, plain: bytes, about: bytes) -> bytes:
    """Return bytes that only the same key opens (AES-256-GCM, NIST SP 800-38D), nonce first.

    Args:
        key: 32 bytes.
        plain: What is sealed.
        about: What it belongs to; it has to be said again, the same, to open it.
    """
    nonce = os.urandom(NONCE)
    return nonce + _cipher(key).encrypt(nonce, plain, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """Return what `seal` was given.

    Raises:
        SealBroken: It cannot be opened with this key, or not as being about this.
    """
    try:
        return _cipher(key).decrypt(sealed[:NONCE], sealed[NONCE:], about)
    except (_invalid_tag(), ValueError):
        raise SealBroken from None


def _cipher(key: bytes) -> "AESGCM":
    return _ciphers()(key)


@cache
def _ciphers() -> "type[AESGCM]":
    return cast("type[AESGCM]", import_module(AEAD).AESGCM)


@cache
def _invalid_tag() -> type[Exception]:
    return cast("type[Exception]", import_module("cryptography.exceptions").InvalidTag)
