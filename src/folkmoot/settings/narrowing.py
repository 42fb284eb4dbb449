"""Restrictions: what an organisation has ruled out, those below it may make stricter, not looser.

That is so as long as the layer above does not open a group to them. Fields that are no
restrictions, a colour for one, are anybody's to override until somebody locks them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from folkmoot.kit import glob
from folkmoot.settings.groups import (
    Approvers,
    Budget,
    General,
    Guardrails,
    MemoryUse,
    Models,
    Values,
)

Json = Any
"""Values of one field: what they are is the field's to say, and both are of it."""


@dataclass(frozen=True, slots=True)
class Restriction:
    """How a field restricts.

    Attributes:
        narrow: Returns what holds of a value if one above it is to be heeded, too.
        widens: Whether a value allows what one above it rules out.
        free: A value that rules nothing out; so does none.
    """

    narrow: Callable[[Json, Json], Json]
    widens: Callable[[Json, Json], bool]
    free: Json = None


def _either(above: bool, given: bool) -> bool:  # noqa: FBT001 - values of a field
    return above or given


def _fewer(above: list[str], given: list[str]) -> list[str]:
    return [each for each in given if each in above]


def _covered(above: list[str], given: list[str]) -> list[str]:
    return [each for each in given if glob.is_among(each, above)]


def _stricter(above: str, given: str) -> str:
    return max(above, given, key=APPROVERS.index)


def _more(above: list[str], given: list[str]) -> list[str]:
    return [*above, *(each for each in given if each not in above)]


def _unless_off(above: str, given: str) -> str:
    return above if above == MemoryUse.OFF else given


APPROVERS: Final = tuple(Approvers)
"""Who may approve; the later, the fewer."""

ON: Final = Restriction(_either, lambda above, given: above and not given, free=False)
"""A guard that is on above stays on."""
FEWER: Final = Restriction(_fewer, lambda above, given: not set(given) <= set(above))
"""What is allowed below is allowed above."""
MORE: Final = Restriction(_more, lambda _above, _given: False, free=[])
"""What is ruled out above is ruled out below, whatever else is."""
LESS: Final = Restriction(min, lambda above, given: given > above)
"""No more than above."""

COVERED: Final = Restriction(_covered, lambda above, given: _covered(above, given) != given)
"""What a pattern allows below, one above allows, too."""
STRICTER: Final = Restriction(
    _stricter, lambda above, given: _stricter(above, given) != given, free=APPROVERS[0]
)
"""No others may than above."""
OFF: Final = Restriction(
    _unless_off, lambda above, given: _unless_off(above, given) != given, free=MemoryUse.FULL
)
"""What is off above stays off."""

RESTRICTIONS: Final[Mapping[tuple[type[Values], str], Restriction]] = {
    (General, "conversation_days"): LESS,
    (General, "memory"): OFF,
    (General, "memory_days"): LESS,
    (Models, "allowed_models"): FEWER,
    (Guardrails, "redact_pii"): ON,
    (Guardrails, "allowed_tools"): COVERED,
    (Guardrails, "denied_tools"): MORE,
    (Guardrails, "approve_always"): MORE,
    (Guardrails, "approve_never"): COVERED,
    (Guardrails, "approvers"): STRICTER,
    (Guardrails, "approval_hours"): LESS,
    (Guardrails, "fetch_hosts"): COVERED,
    (Budget, "monthly_limit_usd"): LESS,
    (Budget, "daily_calls"): LESS,
    (Budget, "limits"): MORE,
}
