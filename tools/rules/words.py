"""The repository speaks of the project, in words that stay true.

The accident: a note to oneself, the path of somebody's machine or the number of a ticket is read
years later by someone who has neither the machine nor the ticket, and believes it.
"""

import re
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source

# The letter in brackets keeps this file from being found by its own rule.
FORBIDDEN: Final = (
    (re.compile(r"\b(?:T[O]DO|F[I]XME|X[X]X|H[A]CK)\b"), "is an unfinished mark"),
    (re.compile(r"\b(?:f[o]r now|n[o]t implemented yet)\b", re.IGNORECASE), "is unfinished"),
    (re.compile(r"(?<![\w.}])/(?:h[o]me|r[o]ot|U[s]ers|w[o]rk)/\w"), "is a path of one machine"),
    (re.compile(r"\bi[s]sue #?\d", re.IGNORECASE), "is a ticket that readers may not have"),
)


def check(source: Source) -> Iterator[Finding]:
    """Find such words anywhere in a file."""
    for number, line in enumerate(source.text.splitlines(), 1):
        for pattern, reason in FORBIDDEN:
            match = pattern.search(line)
            if match:
                yield Finding(source.path, number, f"{match[0]!r} {reason}")
