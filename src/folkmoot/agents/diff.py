"""What two versions of an agent say differently."""

import difflib
from collections.abc import Iterator

from pydantic import JsonValue

from folkmoot.agents.content import AgentContent
from folkmoot.agents.schemas import FieldChange


def changes(before: AgentContent, after: AgentContent) -> Iterator[FieldChange]:
    """Yield the fields that differ, in the order in which a version has them."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    for field, was in old.items():
        if was != new[field]:
            yield FieldChange(
                field=field, before=was, after=new[field], lines=_lines(was, new[field])
            )


def _lines(before: JsonValue, after: JsonValue) -> list[str] | None:
    if not (isinstance(before, str) and isinstance(after, str)):
        return None
    told = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="")
    return list(told)[2:]  # the two lines before name files
