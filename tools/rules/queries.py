"""Values never become part of a statement's text.

The accident: an identifier that a caller chose is written into SQL. One quotation mark in it and
the statement is the caller's. Constants, in capitals, may be put together; so may definitions
(CREATE, ALTER, ...), which take no parameters.
"""

import ast
import re
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source, name_of

RUNNING: Final = {"execute", "executemany", "exec_driver_sql", "text", "SQL", "scalar", "scalars"}

DEFINITION: Final = re.compile(r"\s*(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT)\b", re.IGNORECASE)


def check(source: Source) -> Iterator[Finding]:
    """Find statements that are put together from anything but constants."""
    if not source.is_package:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and name_of(node) in RUNNING and node.args:
            statement = node.args[0]
            if _is_put_together(statement) and not DEFINITION.match(_beginning(statement)):
                yield source.found(node, "builds SQL from values; pass them as parameters")


def _is_put_together(statement: ast.expr) -> bool:
    match statement:
        case ast.JoinedStr():
            parts = [
                part.value for part in statement.values if isinstance(part, ast.FormattedValue)
            ]
            return not all(_is_constant(part) for part in parts)
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
            return True
        case ast.BinOp(op=ast.Add()):
            sides = (statement.left, statement.right)
            return any(_is_put_together(side) or not _is_literal(side) for side in sides)
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str()))):
            return True
        case _:
            return False


def _beginning(statement: ast.expr) -> str:
    """Return the literal text that a statement begins with."""
    match statement:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[first, *_]):
            return _beginning(first)
        case ast.BinOp(left=left):
            return _beginning(left)
        case _:
            return ""


def _is_literal(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) or _is_constant(node)


def _is_constant(node: ast.expr) -> bool:
    return name_of(node).isupper() and not isinstance(node, ast.Call)
