"""The personal data that a text may contain, told from look-alikes by their checksums."""

import re
from typing import Final

from folkmoot.kit.redact.rule import Part, Rule

CARD: Final = re.compile(r"[3-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")
PHONE: Final = re.compile(r"(?:\+|00)[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)")
IBAN: Final = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Z0-9])")
DOMAIN: Final = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IPV4: Final = re.compile(rf"(?:{BYTE}\.){{3}}{BYTE}(?!\.?\d)")


def luhn(digits: str) -> bool:
    """Tell whether the digits carry a valid ISO/IEC 7812-1 check digit."""
    total = 0
    for index, character in enumerate(reversed(digits)):
        value = int(character) * (1 + index % 2)
        total += value - 9 * (value > 9)  # noqa: PLR2004 - the sum of two decimal digits
    return total % 10 == 0


def iban(text: str) -> bool:
    """Tell whether a text without spaces carries valid ISO 13616 check digits (modulo 97)."""
    turned = text[4:] + text[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _card(run: str) -> int:
    match = CARD.match(run)
    if not match or not luhn(re.sub(r"\D", "", match[0])):
        return 0
    return match.end()


def _phone(run: str) -> int:
    match = PHONE.match(run)
    return match.end() if match else 0


def _iban(run: str) -> int:
    """Find the longest reading that checks: words in capitals may follow the number."""
    match = IBAN.match(run)
    end = match.end() if match else 0
    while end:
        if iban(run[:end].replace(" ", "")):
            return end
        end = max(run.rfind(" ", 0, end), 0)
    return 0


def _email(run: str) -> int:
    at = run.index("@")
    match = DOMAIN.match(run, at)
    return match.end() if match else 0


def _address(run: str) -> int:
    match = IPV4.match(run)
    return match.end() if match else 0


PERSONAL: Final[tuple[Rule, ...]] = (
    Rule(
        "e-mail",
        (Part(r"\w.+%\-", 1, 64), Part("@"), Part(r"\w.\-", 3, 255)),
        not_after=r"\w.+%\-",
        measure=_email,
    ),
    Rule(
        "phone number",
        (Part(r"+0"), Part(r"\d ().\-", 7, 40)),
        not_after=r"\w.+\-",
        measure=_phone,
    ),
    Rule(
        "card number",
        (Part("3-6"), Part(r"\d \-", 12, 60)),
        not_after=r"\w.\-",
        measure=_card,
    ),
    Rule(
        "bank account",
        (Part("A-Z"), Part("A-Z"), Part(r"\d"), Part(r"\d"), Part(r"A-Z0-9 ", 11, 60)),
        measure=_iban,
    ),
)

ADDRESSES: Final[tuple[Rule, ...]] = (
    Rule("address", (Part(r"\d"), Part(r"\d.", 6, 14)), not_after=r"\w.\-", measure=_address),
)
"""Network addresses: personal data in some places, needed by operators in others."""
