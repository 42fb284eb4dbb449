"""Fitting a JSON schema to what providers accept for structured answers."""

from typing import Final

from pydantic import JsonValue

Schema = dict[str, JsonValue]

KNOWN: Final = frozenset(
    {"type", "enum", "const", "description", "title", "default", "$ref", "required"}
)
NESTED: Final = ("properties", "$defs", "definitions")
LOOSE: Final = frozenset(
    {
        "allOf",
        "contains",
        "dependentRequired",
        "dependentSchemas",
        "else",
        "if",
        "not",
        "oneOf",
        "patternProperties",
        "prefixItems",
        "propertyNames",
        "then",
        "unevaluatedProperties",
        "uniqueItems",
    }
)
"""What OpenAI does not take in a schema that it guarantees."""
VARIANTS: Final = {"anyOf": "anyOf", "oneOf": "anyOf", "allOf": "allOf"}


def is_strict(schema: JsonValue) -> bool:
    """Tell whether every object is closed and requires all of its properties, and nothing is loose.

    OpenAI guarantees an answer only for such schemas and refuses `strict` for others.
    """
    if isinstance(schema, list):
        return all(is_strict(item) for item in schema)
    if not isinstance(schema, dict):
        return True
    if LOOSE & schema.keys() or (schema.get("type") == "object" and not _is_closed(schema)):
        return False
    return all(is_strict(value) for value in schema.values())


def _is_closed(schema: Schema) -> bool:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    return (
        schema.get("additionalProperties") is False
        and isinstance(properties, dict)
        and isinstance(required, list)
        and set(properties) <= {name for name in required if isinstance(name, str)}
    )


def closed(schema: Schema) -> Schema:
    """Return the schema with every object closed, as Anthropic demands.

    Constraints that it can not enforce (lengths, ranges, patterns) move into the description,
    where the model may still heed them.
    """
    result: Schema = {key: value for key, value in schema.items() if key in KNOWN}
    for key in NESTED:
        if isinstance(named := schema.get(key), dict):
            result[key] = {name: _closed(value) for name, value in named.items()}
    for key, kept_as in VARIANTS.items():
        if isinstance(variants := schema.get(key), list):
            result[kept_as] = [_closed(variant) for variant in variants]
    if "items" in schema:
        result["items"] = _closed(schema["items"])
    if schema.get("type") == "object" or "properties" in schema:
        result["additionalProperties"] = False
    return _told(result, schema)


def _closed(value: JsonValue) -> JsonValue:
    return closed(value) if isinstance(value, dict) else value


def _told(result: Schema, schema: Schema) -> Schema:
    handled = {*result, *VARIANTS, "additionalProperties", "$schema"}
    unheeded = {key: value for key, value in schema.items() if key not in handled}
    if unheeded:
        rules = ", ".join(f"{key}: {value}" for key, value in unheeded.items())
        before = schema.get("description")
        result["description"] = f"{before}\n{rules}" if before else rules
    return result
