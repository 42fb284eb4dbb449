"""Whether a value has the shape that a JSON schema describes."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, cast

import orjson
from pydantic import JsonValue

FAULTS: Final = 5
"""Faults that are told at once."""
LINE: Final = 200
"""Characters of one fault."""
KEPT: Final = 256
"""Checkers that are kept compiled."""


def faults(schema: Mapping[str, JsonValue], value: object) -> list[str]:
    """Return where and why a value does not fit; references out of the schema are not fetched.

    The checker is loaded when it is first needed: 6 MB that few need.
    """
    return told(_checker(orjson.dumps(schema)).iter_errors(value))


def told(errors: Iterable[Any]) -> list[str]:
    """Return what the first few errors of a checker say."""
    found: list[str] = []
    for error in errors:
        place = "/" + "/".join(str(part) for part in error.instance_path)
        found.append(f"{place}: {error.message}"[:LINE])
        if len(found) == FAULTS:
            break
    return found


def is_deeper(value: object, levels: int) -> bool:
    """Whether more objects and lists stand within each other than this many."""
    if isinstance(value, Mapping):
        inside = list(cast(Mapping[str, object], value).values())
    elif isinstance(value, list | tuple):
        inside = list(cast(Sequence[object], value))
    else:
        return False
    return levels == 0 or any(is_deeper(each, levels - 1) for each in inside)


def is_schema(schema: Mapping[str, JsonValue]) -> bool:
    """Whether this is a schema that values can be compared with, without asking anybody else."""
    try:
        _compiled(orjson.dumps(schema))
    except ValueError:
        return False
    return True


@lru_cache(KEPT)
def _checker(schema: bytes) -> Any:  # noqa: ANN401 - one of the library's classes, by the dialect
    return _compiled(schema)


def _compiled(schema: bytes) -> Any:  # noqa: ANN401 - see above
    return import_module("jsonschema_rs").validator_for(orjson.loads(schema), offline=True)
