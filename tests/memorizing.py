"""Strategies that find what is worth remembering, and how a model answers each of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from folkmoot.settings.groups import MemoryStrategy
from folkmoot.testing.replies import Reply, Use
from recalling import finds

Json = dict[str, Any]


@dataclass(frozen=True)
class Wording:
    """How a model tells a strategy what is to be changed; changes are those of our own one."""

    strategy: MemoryStrategy

    def finds(self, *changes: Json) -> Reply:
        """Return an answer with some changes."""
        if self.strategy is MemoryStrategy.OWN:
            return finds(*changes)
        return Reply(uses=[_use(change) for change in changes])


def _use(change: Json) -> Use:
    number = str(change.get("number"))
    match change["action"]:
        case "delete":
            return Use("RemoveDoc", json.dumps({"json_doc_id": number}))
        case "update":
            return patches(number, _replaced(change))
        case _:
            told = {name: each for name, each in change.items() if name not in ("action", "text")}
            return Use("Memory", json.dumps({"content": change["text"], **told}))


def patches(number: str, operations: Sequence[Json]) -> Use:
    """Return a change of a memory, as LangMem has it told."""
    told = {"json_doc_id": number, "planned_edits": "One.", "patches": operations}
    return Use("PatchDoc", json.dumps(told))


def _replaced(change: Json) -> list[Json]:
    more = {name: each for name, each in change.items() if name not in ("action", "number", "text")}
    told = {"content": change["text"], **more}
    return [
        {"op": "replace" if name == "content" else "add", "path": f"/{name}", "value": each}
        for name, each in told.items()
    ]
