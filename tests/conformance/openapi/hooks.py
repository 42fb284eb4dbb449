"""What schemathesis has to know of headers that depend on what was sent before.

A key that happens to be chosen twice, and a tag that nobody has been given, are refused although
the description allows them.
"""

import re
from typing import Any

import schemathesis

from folkmoot.kit.ids import new_id

KEY = re.compile(r"[ -~]{1,255}")


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    headers = case.headers or {}
    key = headers.get("Idempotency-Key")
    if isinstance(key, str) and KEY.fullmatch(key):
        headers["Idempotency-Key"] = str(new_id())
    if "If-Match" in headers:
        headers["If-Match"] = "*"
