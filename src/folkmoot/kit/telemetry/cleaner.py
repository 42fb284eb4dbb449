"""Taking secrets, personal data and control characters out of what is about to be logged."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeGuard

from structlog.typing import EventDict, WrappedLogger

from folkmoot.kit.redact import HELD_BACK_AT_MOST, Redactor
from folkmoot.kit.telemetry.context import Ids

HIDDEN: Final = "[redacted]"
CHOSEN_BY_CLIENTS: Final = {"conversation_id"}
SPARED: Final = (
    frozenset({"timestamp", "level", "logger", *Ids.__annotations__}) - CHOSEN_BY_CLIENTS
)
MANY_LINES: Final = frozenset({"exception", "stack"})
TELLING_KEY: Final = re.compile(
    r"passw|passphrase|secret|credential|authorization|cookie|(?:private|api|access)_?key"
    r"|(?:^|_)token$",
    re.IGNORECASE,
)
UNPRINTABLE: Final = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
DEEPEST: Final = 6  # levels of nesting; what lies deeper is logged as its text
LONGEST: Final = 16_384  # characters of one value
SEARCHED: Final = 131_072  # characters of one value; what lies behind them is not looked at
CUT: Final = " […] "


class Cleaner:
    """A structlog processor that hides what a line must not say, in every value of it."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if key not in SPARED:
                event[key] = self._clean(key, value, 0)
        return event

    def _clean(self, key: str, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if TELLING_KEY.search(key):
            return HIDDEN
        if isinstance(value, int | float):
            return value
        if depth < DEEPEST and _is_mapping(value):
            return {str(k): self._clean(str(k), v, depth + 1) for k, v in value.items()}
        if depth < DEEPEST and _is_sequence(value):
            return [self._clean(key, item, depth + 1) for item in value]
        return self._text(str(value), one_line=key not in MANY_LINES)

    def _text(self, text: str, *, one_line: bool) -> str:
        # Cut only after the search, or half a secret at the cut would not be recognised.
        text = self._redactor.redact(text[: SEARCHED + HELD_BACK_AT_MOST])[:SEARCHED]
        if len(text) > LONGEST:  # a traceback says at its end what happened
            text = text[: LONGEST // 2] + CUT + text[-LONGEST // 2 :]
        text = UNPRINTABLE.sub(_spell_out, text)
        return text.rstrip("\n").replace("\n", r"\n") if one_line else text


def _spell_out(found: re.Match[str]) -> str:
    """Spell out a character that could move a terminal's cursor or turn a line around."""
    return rf"\u{ord(found[0]):04x}"


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _is_sequence(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, list | tuple | set | frozenset)
