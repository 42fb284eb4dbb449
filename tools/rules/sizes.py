"""Files and functions stay small enough to be read at once.

The accident: a file of two thousand lines in which everybody adds one more branch, because nobody
can see any longer where it would belong.
"""

import ast
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 40


def check(source: Source) -> Iterator[Finding]:
    """Find modules and functions that are too long; migrations are one long list by nature."""
    if not source.is_python or source.is_migration:
        return
    lines = source.text.count("\n")
    if lines > MODULE_LINES:
        yield Finding(source.path, 1, f"{lines} lines; a module has at most {MODULE_LINES}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES:
                limit = f"a function has at most {FUNCTION_LINES}"
                yield source.found(node, f"{node.name}() has {length} lines; {limit}")
