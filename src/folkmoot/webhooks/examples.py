"""An example of each kind of event, made of the examples of its fields."""

from typing import Any

from folkmoot.http.openapi_examples import example
from folkmoot.webhooks.types import EventType

REFS = "#/components/schemas/{model}"


def of(kind: EventType) -> dict[str, Any]:
    """Return what an event of a kind might say."""
    schema = kind.data.model_json_schema(ref_template=REFS)
    schemas = schema.pop("$defs", {})
    shown = example(schema, schemas, incoming=False)
    data: dict[str, Any] = kind.data.model_validate(shown).model_dump(mode="json")
    return data
