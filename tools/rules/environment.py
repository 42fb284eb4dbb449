"""Only `main.py` reads the environment.

The accident: a variable is read deep in a slice. No configuration shows it, `config show` denies
it, a test cannot set it without touching the process, and in production it is simply missing.
"""

import ast
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source, name_of

READING: Final = {"environ", "environb", "getenv", "getenvb"}


def check(source: Source) -> Iterator[Finding]:
    """Find `os.environ`, `os.getenv` and their like."""
    if not source.is_package or source.is_in("main"):
        return
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "os":
            names = {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and name_of(node.value) == "os":
            names = {node.attr}
        else:
            continue
        if names & READING:
            yield source.found(node, "reads the environment; take a value from the configuration")
