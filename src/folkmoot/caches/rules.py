"""Whether an answer may be given again, as the run that asks is told."""

from enum import StrEnum

import msgspec

from folkmoot.settings.groups import ResponseCache


class Reuse(StrEnum):
    """How an answer was found that was there already."""

    EXACT = "exact"
    """The same was asked before."""
    SEMANTIC = "semantic"
    """Something alike was."""
    COLLAPSED = "collapsed"
    """Somebody else was asking the same."""


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """What settings and the agent say.

    Attributes:
        mode: `off`, `exact` or `semantic`.
        minutes: How long an answer is kept.
        similarity: How alike a question has to be, from 0 to 1.
        collapse: Whether those who ask the same at the same time get one answer.
    """

    mode: str = ResponseCache.OFF
    minutes: int = 1_440
    similarity: float = 0.96
    collapse: bool = False

    @property
    def keeps(self) -> bool:
        """Whether answers are kept."""
        return self.mode != ResponseCache.OFF

    @property
    def some(self) -> "Rules | None":
        """These, or None if nothing follows from them."""
        return self if self.keeps or self.collapse else None
