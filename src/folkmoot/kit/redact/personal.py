"""The personal data that a text may contain, told from look-alikes by their checksums."""

import re
from typing import Final

from folkmoot.kit.redact.rule import Part, Rule

CARD: Final = re.compile(r"[3-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")
PHONE: Final = re.compile(r"(?:\+|00)[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)")
DOMAIN: Final = re.compile(r"@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
BYTE: Final = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
IPV4: Final = re.compile(rf"(?:{BYTE}\.){{3}}{BYTE}(?!\.?\d)")

IBAN_LENGTHS: Final = {
    country: int(length)
    for country, length in re.findall(
        r"([A-Z]{2})(\d\d)",
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 "
        "DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 "
        "HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 "
        "MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 "
        "RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 "
        "VG24 XK20 YE30",
    )
}
"""Length of an IBAN by country, from the registry of ISO 13616."""


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
    """Measure by the country's length: words in capitals may follow the number."""
    wanted = IBAN_LENGTHS.get(run[:2])
    places = [place for place, character in enumerate(run, 1) if character != " "]
    if wanted is None or len(places) < wanted:
        return 0
    end = places[wanted - 1]
    ends_here = not run[end : end + 1].isalnum()
    return end if ends_here and iban(run[:end].replace(" ", "")) else 0


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
