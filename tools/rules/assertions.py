"""A test can fail.

The accident: a test runs the code, looks at nothing and is green for years, while everybody counts
the feature as tested.
"""

import ast
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source, name_of

JUDGING: Final = ("assert", "raises", "warns", "expect", "verify", "check", "must", "fail")


def check(source: Source) -> Iterator[Finding]:
    """Find tests without an assertion, or a call that is named like one."""
    if not source.is_python or source.path.parts[0] != "tests":
        return
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _is_hollow(node):
            yield source.found(node, f"{node.name} asserts nothing")


def _is_hollow(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return node.name.startswith("test_") and not any(_judges(part) for part in ast.walk(node))


def _judges(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return name_of(node).lstrip("_").startswith(JUDGING)
    return isinstance(node, ast.Assert)
