"""The tools of a deployment, by name, with everything wrapped around them that all tools share."""

from collections.abc import Iterable, Mapping

from folkmoot.runs.ledger import Ledger
from folkmoot.tools.capped import capped
from folkmoot.tools.checked import checked
from folkmoot.tools.forgiving import forgiving
from folkmoot.tools.recorded import recorded
from folkmoot.tools.retried import retried
from folkmoot.tools.timed import timed
from folkmoot.tools.tool import Tool
from folkmoot.tools.traced import traced


def toolbox(tools: Iterable[Tool], ledger: Ledger) -> Mapping[str, Tool]:
    """Return the tools ready to be called.

    The ledger stands outermost, so that a failure is on record like any other result, and what the
    model was told once it is told again after a crash.
    """
    ready: dict[str, Tool] = {}
    for tool in tools:
        if tool.name in ready:
            raise ValueError(f"Two tools are named {tool.name!r}.")
        made = timed(retried(checked(tool)))
        ready[tool.name] = recorded(forgiving(traced(capped(made))), ledger)
    return ready
