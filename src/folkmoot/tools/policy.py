"""Whether somebody has to be asked before a tool is called.

Whoever reads what anybody may have written can be talked into anything: a model that has read a
document, a web page or the result of a tool calls no tool that has an effect, unless a person has
seen the call, or somebody who may say so has said that it needs nobody.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from folkmoot.tools.patterns import CallPattern
from folkmoot.tools.tool import Asks, Tool


class Reason(StrEnum):
    """Why somebody is asked."""

    POLICY = "policy"
    UNTRUSTED = "untrusted_input"


@dataclass(frozen=True, slots=True)
class Policy:
    """Calls for which somebody is asked each time, and others for which nobody is.

    A pattern with arguments says more than one without; of two that say as much, asking counts.
    """

    always: tuple[CallPattern, ...] = ()
    never: tuple[CallPattern, ...] = ()

    @classmethod
    def of(cls, always: Iterable[str] | None, never: Iterable[str] | None) -> "Policy":
        """Read a policy as it is written in settings and definitions."""
        return cls(
            tuple(map(CallPattern.parse, always or ())), tuple(map(CallPattern.parse, never or ()))
        )

    def says(self, name: str, arguments: Mapping[str, Any]) -> Asks | None:
        """Return what holds for a call; None if it is not spoken of.

        Asking is meant if one part of an argument is like it is said, not asking only if all are.
        """
        asking = [each for each in self.always if each.fits(name, arguments, any)]
        trusting = [each for each in self.never if each.fits(name, arguments, all)]
        if any(each.arguments for each in asking):
            return Asks.ALWAYS
        if any(each.arguments for each in trusting):
            return Asks.NEVER
        if asking:
            return Asks.ALWAYS
        return Asks.NEVER if trusting else None


def judge(
    tool: Tool, arguments: Mapping[str, Any], policies: Sequence[Policy], *, untrusted: bool
) -> Reason | None:
    """Return why somebody has to be asked before a call; None if nobody has.

    Args:
        tool: The tool.
        arguments: What it is to be called with.
        policies: Who has a say: of those that say something, the strictest counts.
        untrusted: Whether the model had read what anybody may have written when it asked for this.
    """
    said = [each.says(tool.name, arguments) for each in policies] + [tool.asks]
    if Asks.ALWAYS in said:
        return Reason.POLICY
    careful = Asks.AFTER_UNTRUSTED in said or (tool.writes and Asks.NEVER not in said)
    return Reason.UNTRUSTED if careful and untrusted else None
