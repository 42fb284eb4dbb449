"""What parameters of routes may be, worked out once in a process."""

from typing import Any, Final

from fastapi._compat import v2
from pydantic import TypeAdapter

ADAPTERS: Final = dict[tuple[Any, str], TypeAdapter[Any]]()


def remembered(annotated: Any, *, config: Any = None) -> TypeAdapter[Any]:
    """Return the same adapter for the same parameter."""
    key = (annotated.__origin__, repr((annotated.__metadata__, config)))
    if key not in ADAPTERS:
        ADAPTERS[key] = TypeAdapter(annotated, config=config)
    return ADAPTERS[key]


def remember() -> None:
    """Let FastAPI do so, which does it for each application: half of what that takes."""
    vars(v2)["TypeAdapter"] = remembered
