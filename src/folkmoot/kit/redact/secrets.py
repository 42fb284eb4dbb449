"""The credentials that a text may contain."""

import re
from typing import Final

from folkmoot.kit.redact.rule import Part, Rule, literal

WORD: Final = r"\w\-"
CREDENTIAL: Final = r"\w.~+/=\-"
BARE: Final = r"""^\s"'`,;&<>()\[\]{}\\"""
NUMBER: Final = re.compile(r"[\d.,]+")
TELLING: Final = re.compile(r"[\d!@#$%^&*+=~]")

PREFIXES: Final = {
    "sk-": WORD,
    "sk_live_": WORD,
    "sk_test_": WORD,
    "rk_live_": WORD,
    "whsec_": r"\w+/=",
    "AIza": WORD,
    "AKIA": "A-Z0-9",
    "ASIA": "A-Z0-9",
    "ghp_": WORD,
    "gho_": WORD,
    "ghu_": WORD,
    "ghs_": WORD,
    "ghr_": WORD,
    "github_pat_": WORD,
    "glpat-": WORD,
    "gsk_": WORD,
    "hf_": WORD,
    "xai-": WORD,
    "xoxa-": WORD,
    "xoxb-": WORD,
    "xoxe-": WORD,
    "xoxp-": WORD,
    "xoxr-": WORD,
    "xoxs-": WORD,
    "xapp-": WORD,
    "fm_": WORD,
}
"""How the keys of well-known services and of Folkmoot begin, and what they are made of."""

CHOSEN_NAMES: Final = r"passw(?:or)?d|passphrase|pwd"
ISSUED_NAMES: Final = r"secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|private[_-]?key"
ENDINGS: Final = tuple(rf"(?i:[rw]d|se|et|en|ey)[\\\"'\s]{{{between}}}" for between in range(5))
"""How such a name ends, with what may stand between it and its value: rules out most colons."""


def _after_name(names: str) -> re.Pattern[str]:
    """Match the name of a value, perhaps quoted, where a colon or an equals sign follows."""
    return re.compile(rf"(?i:{names})\\?[\"']?\s{{0,2}}\Z")


def _before_host(text: str) -> int:
    """The password of a URL ends at the last `@` before the path; a port has none behind it."""
    return max(text.rfind("@"), 0)


def _private_key(text: str) -> int:
    return len(text) if "PRIVATE KEY" in text else 0


def _telling(text: str) -> int:
    """Spare plain words: they are far more often a name in a program than a password."""
    return len(text) if TELLING.search(text) else 0


def _telling_no_number(text: str) -> int:
    """Spare counts, too: `total_token: 4096`."""
    return 0 if NUMBER.fullmatch(text) else _telling(text)


SECRETS: Final[tuple[Rule, ...]] = (
    Rule(
        "private key",
        (*literal("-----BEGIN "), Part("A-Z0-9 ", 0, 60), *literal("-----")),
        not_after="",
        tail=r"A-Za-z0-9+/=\s\\",
        measure=_private_key,
    ),
    Rule(
        "private key",
        (*literal("DEK-Info: "), Part(r"A-Z0-9\-", 3, 40), *literal(",")),
        tail=r"A-Za-z0-9+/=\s\\",
    ),
    *(
        Rule("key", (*literal(prefix), Part(chars, 16, 16)), tail=chars)
        for prefix, chars in PREFIXES.items()
    ),
    Rule(
        "token",
        (*literal("eyJ"), Part(WORD, 14, 800), *literal("."), Part(WORD)),
        tail=r"\w.\-",
    ),
    Rule(
        "token",
        (Part(" "), Part(CREDENTIAL, 8, 512)),
        shown=1,
        not_after="",
        after=("(?i:bearer)",),
        tail=CREDENTIAL,
        measure=_telling,
    ),
    Rule(
        "password",
        (Part(" "), Part(CREDENTIAL, 8, 512)),
        shown=1,
        not_after="",
        after=("(?i:basic)",),
        tail=CREDENTIAL,
        measure=_telling,
    ),
    Rule(
        "password",
        (*literal("//"), Part(r"^\s/@:?#", 0, 128), *literal(":"), Part(r"^\s/?#", 2, 512)),
        shown=4,
        not_after="",
        after=(":",),
        measure=_before_host,
    ),
    *(
        Rule(
            label,
            (
                Part(":="),
                Part(r"\s", 0, 2),
                Part(r"\\", 0, 1),
                *literal(quote),
                Part(rf"^{quote}\n", 4, 256),
            ),
            shown=4,
            not_after="",
            after=ENDINGS,
            context=_after_name(names),
            tail=rf"^{quote}\n",
            measure=measure,
        )
        for label, names, measure in (
            ("password", CHOSEN_NAMES, _telling),
            ("secret", ISSUED_NAMES, _telling_no_number),
        )
        for quote in ('"', "'")
    ),
    *(
        Rule(
            label,
            (Part(":="), Part(r"\s", 0, 2), Part(BARE, 6, 256)),
            shown=2,
            not_after="",
            after=ENDINGS,
            context=_after_name(names),
            tail=BARE,
            measure=measure,
        )
        for label, names, measure in (
            ("password", CHOSEN_NAMES, _telling),
            ("secret", ISSUED_NAMES, _telling_no_number),
        )
    ),
)
