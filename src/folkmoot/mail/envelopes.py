"""Letters wait in envelopes: what they say lets people in, and is no reading for who has a table.

Each is sealed (AES-256-GCM) with the deployment's secret key and bound to its row.
"""

import os
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from folkmoot.kit import crypto
from folkmoot.mail.errors import LetterRefused

NONCE: Final = 12


class Envelopes:
    """Seals with the deployment's secret key, and opens with the one before it, too."""

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        keys = [secret_key, *([previous] if previous else [])]
        self._ciphers = [AESGCM(crypto.derive(key, "letters")) for key in keys]

    def seal(self, letter_id: UUID, text: str) -> bytes:
        """Put a text into the envelope of a letter."""
        nonce = os.urandom(NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, text.encode(), letter_id.bytes)

    def open(self, letter_id: UUID, sealed: bytes) -> str:
        """Take it out.

        Raises:
            LetterRefused: It was sealed with a key that is gone, or for another letter.
        """
        for cipher in self._ciphers:
            try:
                plain = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], letter_id.bytes)
            except InvalidTag:
                continue
            return plain.decode()
        raise LetterRefused("its envelope cannot be opened")
