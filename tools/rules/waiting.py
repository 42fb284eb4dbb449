"""Nobody waits for the outside world while a unit of work is open.

The accident: a model takes forty seconds to answer, and for as long a transaction stays open. It
holds a connection of a small pool and its row locks; a few such requests and nobody gets one.

Only what is written in the block itself can be seen: a service that calls a model must say so in
its name and take no `Work`.
"""

import ast
from collections.abc import Iterator
from typing import Final

from rules.source import Finding, Source, name_of

OPENING: Final = {"work", "personal_work", "pipelined"}
HANDED_OVER: Final = {"Work", "OpenWork", "PersonalWork"}
SLOW: Final = {"stream", "embed", "rerank", "ainvoke", "astream", "call_tool", "sleep", "urlopen"}
VERBS: Final = {"get", "post", "put", "patch", "delete", "head", "request", "send"}
DATABASE: Final = {"session", "connection", "database"}


def check(source: Source) -> Iterator[Finding]:
    """Find such waits in `async with ….work(…)` and in functions that are handed a `Work`."""
    if not source.is_package:
        return
    for node in source.nodes:
        if _opens_work(node) or _takes_work(node):
            yield from _waits(source, node)


def _opens_work(node: ast.AST) -> bool:
    return isinstance(node, ast.AsyncWith) and any(
        isinstance(item.context_expr, ast.Call) and name_of(item.context_expr) in OPENING
        for item in node.items
    )


def _takes_work(node: ast.AST) -> bool:
    if not isinstance(node, ast.AsyncFunctionDef):
        return False
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return any(a.annotation is not None and name_of(a.annotation) in HANDED_OVER for a in arguments)


def _waits(source: Source, block: ast.AST) -> Iterator[Finding]:
    for node in _inside(block):
        for call in _awaited(node):
            if _is_slow(call):
                name = name_of(call)
                yield source.found(call, f"waits for {name}() while a Work is open")


def _inside(block: ast.AST) -> Iterator[ast.AST]:
    """Walk a block without the functions defined in it: they run at another time."""
    for child in ast.iter_child_nodes(block):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _inside(child)


def _awaited(node: ast.AST) -> Iterator[ast.Call]:
    waits: list[ast.expr] = []
    match node:
        case ast.Await():
            waits = [node.value]
        case ast.AsyncFor():
            waits = [node.iter]
        case ast.AsyncWith():
            waits = [item.context_expr for item in node.items]
        case _:
            pass
    return (wait for wait in waits if isinstance(wait, ast.Call))


def _is_slow(call: ast.Call) -> bool:
    receiver = name_of(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    name = name_of(call)
    if name in VERBS:
        return "client" in receiver.lower() or "http" in receiver.lower()
    return name in SLOW and receiver not in DATABASE
