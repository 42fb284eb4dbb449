"""What schemathesis has to know of values that depend on what was sent before.

A key that happens to be chosen twice, and a tag or a cursor that nobody has been given, are refused
although the description allows them.
"""

import gc
import re
from typing import Any, cast

import schemathesis

from folkmoot.kit.ids import new_id

KEY = re.compile(r"[ -~]{1,255}")
EVERYWHERE = {
    f"#/components/parameters/{name}" for name in ("OrganizationId", "TeamId", "RequestId")
}


def before_load_schema(_context: Any, description: dict[str, Any]) -> None:
    """Vary what every operation takes for one of each tag: for all, it is four requests of ten."""
    tags = set[str]()
    for path in description["paths"].values():
        for operation in path.values():
            told: list[dict[str, Any]] = operation.get("parameters", [])
            if tags.issuperset(operation["tags"]):
                operation["parameters"] = [
                    each for each in told if each.get("$ref") not in EVERYWHERE
                ]
            tags.update(operation["tags"])


def before_call(context: Any, case: Any, kwargs: Any) -> None:
    headers: dict[str, Any] = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and KEY.fullmatch(key):
        headers["Idempotency-Key"] = str(new_id())
    if "If-Match" in headers:
        headers["If-Match"] = "*"
    query: dict[str, Any] = case.query or {}
    bounds = _bounds(case.operation.definition.raw)
    cursor = query.get("cursor")
    if bounds is not None and isinstance(cursor, str) and len(cursor) <= bounds:
        del query["cursor"]


def _bounds(operation: dict[str, Any]) -> int | None:
    """Return how long a cursor may be, where it is one that only the list itself can make."""
    for parameter in operation.get("parameters", ()):
        if parameter.get("name") == "cursor":
            bounds: int | None = parameter["schema"].get("maxLength")
            return bounds
    return None


for hook in (before_load_schema, before_call):
    cast(Any, schemathesis).hook(hook)
# What is loaded stays, and there is little garbage: to look for it often takes time.
gc.freeze()
gc.set_threshold(50_000, 20, 20)
