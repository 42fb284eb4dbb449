"""Run this project's own rules over the repository: `python tools/lint.py`."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from rules import assertions, commits, environment, queries, sizes, waiting, words
from rules.source import Finding, Source, read

ROOT: Final = Path(__file__).resolve().parent.parent
RULES: Final[tuple[Callable[[Source], Iterator[Finding]], ...]] = (
    assertions.check,
    commits.check,
    environment.check,
    queries.check,
    sizes.check,
    waiting.check,
    words.check,
)


def main() -> int:
    """Print what is found; succeed if that is nothing."""
    found = [finding for source in read(ROOT) for rule in RULES for finding in rule(source)]
    for finding in sorted(found, key=lambda finding: (finding.path, finding.line)):
        print(finding)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
