"""Files and functions stay small enough to be read at once.

The accident: a file of two thousand lines in which everybody adds one more branch, because nobody
can see any longer where it would belong.

A function's lines are its own: those of functions defined inside it count for themselves.
"""

import ast
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source

MODULE_LINES: Final = 400
FUNCTION_LINES: Final = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(source: Source) -> Iterator[Finding]:
    """Find modules and functions that are too long; migrations are one long list by nature."""
    if not source.is_python or source.is_migration:
        return
    lines = source.text.count("\n")
    if lines > MODULE_LINES:
        yield Finding(source.path, 1, f"{lines} lines; a module has at most {MODULE_LINES}")
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _lines(node) - sum(_lines(inner) for inner in _defined_in(node))
            if length > FUNCTION_LINES:
                limit = f"a function has at most {FUNCTION_LINES}"
                yield source.found(node, f"{node.name}() has {length} lines; {limit}")


def _lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _defined_in(node: ast.AST) -> Iterator[Function]:
    """Find the outermost functions inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
        else:
            yield from _defined_in(child)
