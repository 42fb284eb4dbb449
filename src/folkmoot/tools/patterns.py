"""Naming tool calls by pattern: `mail.*`, or `send(to=*@example.org)`."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from folkmoot.kit import glob

WRITTEN: Final = re.compile(r"([^()]+)(?:\(([^()]*)\))?")


@dataclass(frozen=True, slots=True)
class CallPattern:
    """Calls of tools with these names and arguments like these.

    Attributes:
        tool: A name, in which `*` stands for anything.
        arguments: Names of arguments and patterns of their values; all have to fit.
    """

    tool: str
    arguments: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "CallPattern":
        """Read a pattern as it is written in settings.

        Raises:
            ValueError: It is none.
        """
        found = WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} names no tool call.")
        conditions = [part.partition("=") for part in (found[2] or "").split(",") if part.strip()]
        if not all(name.strip() and sign for name, sign, _ in conditions):
            raise ValueError(f"{text!r} names an argument without a value.")
        pairs = tuple((name.strip(), value.strip()) for name, _, value in conditions)
        return cls(found[1].strip(), pairs)

    def fits(
        self, name: str, arguments: Mapping[str, Any], how: Callable[[Iterable[bool]], bool]
    ) -> bool:
        """Whether a call is one of those that are meant.

        Args:
            name: The tool's name.
            arguments: Its arguments.
            how: Whether one part of an argument has to fit (`any`) or each (`all`).
        """
        return glob.matches(self.tool, name) and all(
            _fits(arguments.get(each), wanted, how) for each, wanted in self.arguments
        )


def _fits(value: object, wanted: str, how: Callable[[Iterable[bool]], bool]) -> bool:
    parts = list(_parts(value))
    return bool(parts) and how(glob.matches(wanted, part) for part in parts)


def _parts(value: object) -> Iterator[str]:
    """Yield all that stands in a value, as text; nothing for what is not there."""
    match value:
        case None:
            return
        case str():
            yield value
        case bool():
            yield str(value).lower()
        case dict():
            for each in cast(dict[str, object], value).values():
                yield from _parts(each)
        case list():
            for each in cast(list[object], value):
                yield from _parts(each)
        case _:
            yield str(value)
