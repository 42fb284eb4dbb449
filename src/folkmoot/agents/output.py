"""Answers that are JSON and fit a schema.

A provider that can is told the schema with the question; every model is told it in words, too, and
what comes back is compared with it here. Regular expressions in a schema take linear time only:
schemas are people's, and answers are anybody's.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, cast

import orjson

from folkmoot.agents.errors import OutputInvalid
from folkmoot.kit import shape

REJECTED: Final = "output.rejected"
"""Event: an answer did not fit and was cut; tells its message and what was wrong."""

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
KEPT: Final = 256
"""Checkers that are kept compiled."""

GUIDE: Final = """\
Your final answer is read by a program. Answer with one JSON value that fits the JSON schema \
below, and with nothing before or after it, not even a fence.
{}"""

COMPLAINT: Final = """\
Your answer could not be used:
{}
Answer again with one JSON value that fits the schema, and with nothing before or after it."""

NO_JSON: Final = "/: it is no JSON text"


def guide(schema: str) -> str:
    """Return what a model is told of the schema."""
    return GUIDE.format(schema)


def complaint(faults: Sequence[str]) -> str:
    """Return what a model is told whose answer does not fit."""
    return COMPLAINT.format("\n".join(f"- {fault}" for fault in faults))


def read(schema: str, text: str) -> Any:  # noqa: ANN401 - whatever the schema allows
    """Return the value of an answer.

    Raises:
        OutputInvalid: It is no JSON, or does not fit.
    """
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise OutputInvalid([NO_JSON]) from None
    faults = shape.told(_checker(schema).iter_errors(value))
    if faults:
        raise OutputInvalid(faults)
    return value


def fits(schema: str, text: str) -> bool:
    """Whether an answer fits."""
    try:
        read(schema, text)
    except OutputInvalid:
        return False
    return True


def strings(value: object) -> Iterator[str]:
    """Yield all text that stands in a value."""
    match value:
        case str():
            yield value
        case dict():
            for each in cast(dict[str, object], value).values():
                yield from strings(each)
        case list():
            for each in cast(list[object], value):
                yield from strings(each)
        case _:
            return


def fault_of(schema: str) -> str | None:
    """Return what is wrong with a schema, if anything."""
    told: dict[str, Any] = orjson.loads(schema)
    if told.get("$schema", DIALECT) != DIALECT:
        return f"Its dialect has to be {DIALECT}."
    if told.get("type") != "object":
        return "It has to describe an object: models answer with nothing else."
    try:
        _checker(schema)
    except ValueError as error:  # so are the library's own
        return f"It is no JSON schema: {str(error).partition(chr(10))[0][: shape.LINE]}"
    return None


@lru_cache(KEPT)
def _checker(schema: str) -> Any:  # noqa: ANN401 - one of the library's classes
    library = import_module("jsonschema_rs")
    return library.Draft202012Validator(
        orjson.loads(schema), offline=True, pattern_options=library.RegexOptions()
    )
