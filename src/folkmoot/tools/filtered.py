"""Which of an agent's tools are offered, as settings say."""

from collections.abc import Iterable, Mapping

from folkmoot.kit import glob
from folkmoot.tools.tool import Tool


def filtered(
    tools: Mapping[str, Tool], allowed: Iterable[str] | None, denied: Iterable[str] | None
) -> Mapping[str, Tool]:
    """Return the tools that are allowed, or all if nothing is said, without those denied."""
    if allowed is None and not denied:
        return tools
    may, may_not = ("*",) if allowed is None else tuple(allowed), tuple(denied or ())
    return {
        name: tool
        for name, tool in tools.items()
        if glob.is_among(name, may) and not glob.is_among(name, may_not)
    }
