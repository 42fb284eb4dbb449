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


cast(Any, schemathesis).hook(before_call)
# What is loaded stays, and there is little garbage: to look for it often takes time.
gc.freeze()
gc.set_threshold(50_000, 20, 20)
