"""What JSON text can say and the database cannot keep."""

import math
import re
from typing import Final, TypeVar

from pydantic import JsonValue
from pydantic_core import PydanticCustomError

UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
V = TypeVar("V", bound=JsonValue)


def storable(value: V) -> V:
    """Refuse what JSON text can say and the database cannot keep, wherever it stands."""
    waiting: list[JsonValue] = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and UNSTORABLE.search(each):
            raise PydanticCustomError("unstorable", "Text may not contain NUL or lone surrogates")
        elif isinstance(each, float) and not math.isfinite(each):
            raise PydanticCustomError("unstorable", "Numbers have to be finite")
    return value
