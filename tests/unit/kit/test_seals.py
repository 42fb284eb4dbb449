"""Keys and seals: against the library that knows how, and against whoever holds another key."""

import os
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.kit import crypto
from folkmoot.kit.seals import SealBroken, seal, unseal

KEY = os.urandom(32)


@given(secret=st.text(min_size=1), purpose=st.text())
def test_keys_are_those_of_hkdf(secret: str, purpose: str) -> None:
    expected = HKDF(SHA256(), 32, None, f"folkmoot {purpose}".encode()).derive(secret.encode())
    assert crypto.derive(secret, purpose) == expected


def test_a_seal_is_opened_with_its_key_as_what_it_is_about() -> None:
    sealed = seal(KEY, b"secret", b"a row")
    assert unseal(KEY, sealed, b"a row") == b"secret"
    assert seal(KEY, b"secret", b"a row") != sealed


@pytest.mark.parametrize(
    ("key", "about", "spoil"),
    [
        (os.urandom(32), b"a row", lambda sealed: sealed),
        (KEY, b"another row", lambda sealed: sealed),
        (KEY, b"a row", lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1])),
        (KEY, b"a row", lambda sealed: sealed[:5]),
        (KEY, b"a row", lambda _: b""),
    ],
)
def test_any_other_seal_is_broken(
    key: bytes, about: bytes, spoil: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(SealBroken):
        unseal(key, spoil(seal(KEY, b"secret", b"a row")), about)
