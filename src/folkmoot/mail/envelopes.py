"""Letters wait in envelopes: what they say lets people in, and is no reading for who has a table.

Each is sealed with the deployment's secret key and bound to its row.
"""

from uuid import UUID

from folkmoot.kit import crypto
from folkmoot.kit.seals import SealBroken, seal, unseal
from folkmoot.mail.errors import LetterRefused


class Envelopes:
    """Seals with the deployment's secret key, and opens with the one before it, too."""

    def __init__(self, secret_key: str, previous: str | None = None) -> None:
        keys = [secret_key, *([previous] if previous else [])]
        self._keys = [crypto.derive(key, "letters") for key in keys]

    def seal(self, letter_id: UUID, text: str) -> bytes:
        """Put a text into the envelope of a letter."""
        return seal(self._keys[0], text.encode(), letter_id.bytes)

    def open(self, letter_id: UUID, sealed: bytes) -> str:
        """Take it out.

        Raises:
            LetterRefused: It was sealed with a key that is gone, or for another letter.
        """
        for key in self._keys:
            try:
                return unseal(key, sealed, letter_id.bytes).decode()
            except SealBroken:
                continue
        raise LetterRefused("its envelope cannot be opened")
