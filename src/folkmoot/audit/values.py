"""Values as an event keeps them: JSON text without secrets, not too long."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import islice
from typing import Any, Final, TypeGuard

import orjson

from folkmoot.kit.redact import redact_secrets

HIDDEN: Final = "[redacted]"
TELLING: Final = (
    "passw",
    "passphrase",
    "secret",
    "credential",
    "authorization",
    "cookie",
    "private",
    "token",
    "hash",
    "apikey",
)
TELLING_ENDS: Final = ("key", "keys")
WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
AMOUNTS: Final = frozenset(
    {"budget", "cached", "completion", "context", "count", "input", "limit", "max", "min", "output"}
    | {"per", "prompt", "reasoning", "total", "used"}
)
"""Words that make tokens what models read and write: `max_output_tokens` says how many."""
DEEPEST: Final = 6
"""Levels of nesting; what lies deeper is kept as its text."""
MOST: Final = 200
"""Members of one mapping or list; the others are left out."""
LONGEST: Final = 2_000
"""Characters of one value."""
LARGEST: Final = 32_768
"""Bytes of all values of one side; a larger one is kept as the names of its members."""
LARGEST_NUMBER: Final = 2**53
CUT: Final = " […]"


def written(values: Mapping[str, object] | None) -> str | None:
    """Return values as the JSON text to store, without what must not be known."""
    if values is None:
        return None
    encoded = orjson.dumps(_members(values, 0))
    if len(encoded) > LARGEST:
        encoded = orjson.dumps({text(name): CUT.strip() for name in list(values)[:MOST]})
    return encoded.decode()


def text(value: object) -> str:
    """Return a value as text that PostgreSQL takes, without secrets and not too long."""
    plain = str(value).encode("utf-8", "replace").decode().replace("\x00", "�")
    # Cut only after the search, or half a secret at the cut would not be recognised.
    clean = redact_secrets(plain[: LONGEST * 2])
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + CUT


def _members(values: Mapping[Any, object], depth: int) -> dict[str, object]:
    some = islice(values.items(), MOST)
    return {text(name): _clean(str(name), value, depth + 1) for name, value in some}


def _clean(name: str, value: object, depth: int) -> object:
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, bool):
        return value  # whether there is something, and not what
    if _tells(name):
        return HIDDEN
    if isinstance(value, float) or _is_small(value):
        return value
    if depth < DEEPEST and _is_mapping(value):
        return _members(value, depth)
    if depth < DEEPEST and _is_sequence(value):
        return [_clean(name, item, depth + 1) for item in islice(value, MOST)]
    return text(value)


def _is_small(value: object) -> bool:
    """Whether it is a whole number that every reader of JSON takes for the same."""
    return isinstance(value, int) and abs(value) < LARGEST_NUMBER


def _tells(name: str) -> bool:
    """Whether what stands under a name is a secret by its name: hidden whatever it looks like."""
    lowered = "".join(_without_amounts(name)).casefold()
    return any(part in lowered for part in TELLING) or lowered.endswith(TELLING_ENDS)


def _without_amounts(name: str) -> Sequence[str]:
    """Return a name in words, without the tokens of which it says how many there are."""
    words = WORDS.findall(name)
    lowered = {word.casefold() for word in words}
    if "tokens" in lowered and lowered & AMOUNTS:
        return [word for word in words if word.casefold() != "tokens"]
    return [name]


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[Sequence[object] | frozenset[object]]:
    return isinstance(value, list | tuple | set | frozenset)
