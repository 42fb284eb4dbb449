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
RAW: Final = {"exec_driver_sql", "text"}  # for the others the type checker demands literals

DEFINITION: Final = re.compile(r"\s*(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT)\b", re.IGNORECASE)


def check(source: Source) -> Iterator[Finding]:
    """Find statements that are put together from anything but constants."""
    if not source.is_package:
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and name_of(node) in RUNNING and node.args:
            statement = node.args[0]
            unsafe = _is_formatted(statement) or (name_of(node) in RAW and _is_summed(statement))
            if unsafe and not DEFINITION.match(_beginning(statement)):
                yield source.found(node, "builds SQL from values; pass them as parameters")


def _is_formatted(statement: ast.expr) -> bool:
    match statement:
        case ast.JoinedStr():
            parts = [
                part.value for part in statement.values if isinstance(part, ast.FormattedValue)
            ]
            return not all(_is_constant(part) for part in parts)
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str())):
            return True
        case ast.BinOp(op=ast.Add()):
            return _is_formatted(statement.left) or _is_formatted(statement.right)
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str()))):
            return True
        case _:
            return False


def _is_summed(statement: ast.expr) -> bool:
    if isinstance(statement, ast.BinOp):
        return not all(_is_fixed(side) for side in (statement.left, statement.right))
    return False


def _is_fixed(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return not _is_summed(node)
    return isinstance(node, ast.Constant | ast.JoinedStr) or _is_constant(node)


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


def _is_constant(node: ast.expr) -> bool:
    return name_of(node).isupper() and not isinstance(node, ast.Call)
