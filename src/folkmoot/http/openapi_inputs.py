"""What holds for everything that comes in, told in the API's description.

A parameter is never null. No text may contain U+0000, neither as a value nor as a name, and JSON of
any shape is JSON of which that is true all the way down (see `http.strict_json`).
"""

from collections.abc import Iterator
from typing import Any, Final

Json = dict[str, Any]

TEXT: Final = r"^[^\x00]*$"
ANYTHING: Final[Json] = {"$ref": "#/components/schemas/JsonValue"}
JSON_VALUE: Final[Json] = {
    "description": "Any JSON, whose texts and names do not contain U+0000.",
    "anyOf": [
        {"type": ["null", "boolean", "number"]},
        {"type": "string", "pattern": TEXT},
        {"type": "array", "items": ANYTHING},
        {"type": "object", "propertyNames": {"pattern": TEXT}, "additionalProperties": ANYTHING},
    ],
}
NULL: Final[Json] = {"type": "null"}
BOUND: Final = frozenset({"pattern", "enum", "const"})
"""A text that has one of these is described narrowly enough."""
SAYS_NOTHING: Final = frozenset({"title", "description", "default", "example", "examples"})
TEXTS: Final = ("string", ["string", "null"])
FORMATS: Final = frozenset({"uuid", "date-time", "binary"})


def restrict_inputs(document: Json) -> None:
    """Add to the schemas of what comes in what holds for all of them, in place."""
    schemas: Json = document["components"]["schemas"]
    schemas["JsonValue"] = JSON_VALUE
    seen: set[str] = {"JsonValue"}
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if "schema" in parameter:
                    parameter["schema"] = _never_null(parameter["schema"])
                    _restrict(parameter["schema"], schemas, seen)
            for media in operation.get("requestBody", {}).get("content", {}).values():
                _restrict(media["schema"], schemas, seen)


def _never_null(schema: Json) -> Json:
    """Return the schema of a parameter, which may be left out but has no way to be null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != NULL]
    if len(choices) != 1:
        return schema
    return {**choices[0], **{key: value for key, value in schema.items() if key != "anyOf"}}


def _restrict(schema: Json, schemas: Json, seen: set[str]) -> None:
    reference = schema.get("$ref")
    if reference is not None:
        name = reference.rpartition("/")[2]
        if name not in seen:
            seen.add(name)
            _restrict(schemas[name], schemas, seen)
        return
    if schema.keys() <= SAYS_NOTHING:
        schema.update(ANYTHING)
    kind = schema.get("type")
    if kind in TEXTS and not BOUND & schema.keys() and schema.get("format") not in FORMATS:
        schema["pattern"] = TEXT
    if kind == "object" and schema.get("additionalProperties", True) is not False:
        _open(schema)
    for part in _parts(schema):
        _restrict(part, schemas, seen)


def _open(schema: Json) -> None:
    """Say of what an object may hold besides what is named that it is JSON that we take."""
    names: Json = schema.setdefault("propertyNames", {})
    if not BOUND & names.keys():
        names["pattern"] = TEXT
    if schema.get("additionalProperties", True) is True:
        schema["additionalProperties"] = ANYTHING


def _parts(schema: Json) -> Iterator[Json]:
    yield from schema.get("properties", {}).values()
    for name in ("anyOf", "oneOf", "allOf"):
        yield from schema.get(name, ())
    for name in ("items", "additionalProperties", "contains"):
        if isinstance(schema.get(name), dict):
            yield schema[name]
