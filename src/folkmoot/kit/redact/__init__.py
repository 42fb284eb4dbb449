"""Secrets and personal data in text: what they look like, and how a stream is cleaned of them.

`redact_secrets` and `redact_pii` clean a whole text; `StreamRedactor` cleans one that arrives in
deltas and lets out the same characters, however it is cut. A `Redactor` is a compiled set of rules.
"""

from typing import Final

from folkmoot.kit.redact.personal import ADDRESSES, PERSONAL
from folkmoot.kit.redact.redactor import HELD_BACK_AT_MOST, Redactor, StreamRedactor
from folkmoot.kit.redact.secrets import SECRETS

SECRETS_ONLY: Final = Redactor(SECRETS)
PERSONAL_ONLY: Final = Redactor(PERSONAL)

__all__ = [
    "ADDRESSES",
    "HELD_BACK_AT_MOST",
    "PERSONAL",
    "PERSONAL_ONLY",
    "SECRETS",
    "SECRETS_ONLY",
    "Redactor",
    "StreamRedactor",
    "redact_pii",
    "redact_secrets",
]


def redact_secrets(text: str) -> str:
    """Return the text with everything that looks like a credential replaced."""
    return SECRETS_ONLY.redact(text)


def redact_pii(text: str) -> str:
    """Return the text with e-mail addresses, phone numbers, IBANs and card numbers replaced."""
    return PERSONAL_ONLY.redact(text)
