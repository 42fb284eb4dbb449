from folkmoot.llm.providers.schemas import Schema, closed, is_strict

STRICT: Schema = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name", "tags"],
    "additionalProperties": False,
}


def test_a_schema_is_strict_when_every_object_is_closed_and_complete() -> None:
    assert is_strict(STRICT)
    assert not is_strict({**STRICT, "required": ["name"]})
    assert not is_strict({**STRICT, "additionalProperties": True})
    inner: Schema = {"type": "object", "properties": {}}
    assert not is_strict({**STRICT, "properties": {"name": inner, "tags": {"type": "array"}}})


def test_every_object_is_closed() -> None:
    schema: Schema = {
        "type": "object",
        "properties": {"inner": {"type": "object", "properties": {}}},
        "$defs": {"Other": {"properties": {"x": {"type": "integer"}}}},
        "anyOf": [{"type": "object", "properties": {}}, {"type": "null"}],
    }
    assert closed(schema) == {
        "type": "object",
        "properties": {
            "inner": {"type": "object", "properties": {}, "additionalProperties": False}
        },
        "$defs": {
            "Other": {"properties": {"x": {"type": "integer"}}, "additionalProperties": False}
        },
        "anyOf": [
            {"type": "object", "properties": {}, "additionalProperties": False},
            {"type": "null"},
        ],
        "additionalProperties": False,
    }


def test_what_can_not_be_enforced_is_told_to_the_model() -> None:
    schema: Schema = {"type": "string", "description": "A name.", "maxLength": 5}
    assert closed(schema) == {"type": "string", "description": "A name.\nmaxLength: 5"}
    assert closed({"type": "integer", "minimum": 1}) == {
        "type": "integer",
        "description": "minimum: 1",
    }
