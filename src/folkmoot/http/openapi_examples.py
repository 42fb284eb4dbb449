"""An example of every request and every main answer, put together from those of their fields.

A field shows its own (`Field(examples=[...])`); ids, moments, numbers and the like need none.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

Json = dict[str, Any]

ID: Final = "019a8f3c-1c7e-7d90-8a4b-6e5f4d3c2b1a"
FORMATS: Final = {"uuid": ID, "date-time": "2026-11-21T09:30:00Z"}
PLAIN: Final[dict[str, object]] = {"string": "text", "boolean": True, "null": None}
JSON: Final = "application/json"
COMPOSED: Final = frozenset({JSON, "application/x-www-form-urlencoded"})
NULL: Final = {"type": "null"}


def add_examples(document: Json) -> None:
    """Give every request and every successful answer in JSON an example, in place."""
    schemas: Json = document["components"]["schemas"]
    for media, incoming in _media(document):
        if "example" not in media and "examples" not in media:
            media["example"] = example(media["schema"], schemas, incoming=incoming)


def example(schema: Json, schemas: Json, *, incoming: bool) -> object:
    """Return a value that fits a schema.

    Args:
        schema: What it is to fit.
        schemas: What the schema may refer to by name.
        incoming: Whether to leave out what may be left out and has no example of its own.
    """
    shown = _shown(schema)
    if shown:
        return shown[0]
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, incoming=incoming)
    if "anyOf" in schema:
        choice = next(each for each in schema["anyOf"] if each != NULL)
        return example(choice, schemas, incoming=incoming)
    kind = schema.get("type")
    if kind == "object":
        return {
            name: example(part, schemas, incoming=incoming)
            for name, part in schema.get("properties", {}).items()
            if not incoming or name in schema.get("required", ()) or any(_shown(part))
        }
    if kind == "array":
        return [example(schema["items"], schemas, incoming=incoming)]
    return _simple(schema)


def _shown(schema: Json) -> Sequence[object]:
    """Return the values that a schema itself names."""
    several = schema.get("examples") or schema.get("enum")
    if several:
        return list(several)
    return [schema[name] for name in ("example", "const", "default") if name in schema]


def _simple(schema: Json) -> object:
    if schema.get("type") in {"integer", "number"}:
        return schema.get("minimum", 1)
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    return PLAIN[schema.get("type", "null")]


def _media(document: Json) -> Iterator[tuple[Json, bool]]:
    """Yield what goes in (true) and what comes out (false), to receivers of webhooks, too."""
    for path in document.get("webhooks", {}).values():
        for operation in path.values():
            yield operation["requestBody"]["content"][JSON], False
    for path in document["paths"].values():
        for operation in path.values():
            for name, media in operation.get("requestBody", {}).get("content", {}).items():
                if name in COMPOSED:
                    yield media, True
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status.startswith("2") and JSON in content:
                    yield content[JSON], False
