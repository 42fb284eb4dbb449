"""Notes which lines of `src` are executed, for a tenth of what it costs to trace every line.

A tracer is called for each line of every library, too, and there is no other for Python 3.11. This
compiles our modules alone, with a mark before each statement; the marks go into memory that all
processes of one recording share, so nothing is lost with one that is killed. `coverage` reports.

It begins when it is loaded where `RECORDED_LINES` names a recording, as `sitecustomize.py` does in
every Python that has this folder in its `PYTHONPATH`.
"""

import ast
import builtins
import json
import marshal
import mmap
import os
from collections.abc import Iterator
from importlib import machinery
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final

FOLDER: Final = "RECORDED_LINES"
MARKS: Final = "__marks__"
"""What the marked code calls the shared memory: a byte for each line of each file."""


def prepare(folder: Path, source: Path) -> None:
    """Begin a recording of the files under `source`."""
    begins: dict[str, int] = {}
    size = 1
    for path in sorted(source.rglob("*.py")):
        begins[str(path)] = size
        size += path.read_bytes().count(b"\n") + 2
    (folder / "begins.json").write_text(json.dumps(begins))
    (folder / "marks").write_bytes(bytes(size))


def recorded(folder: Path) -> dict[str, list[int]]:
    """Return the lines that were executed, of each file."""
    begins: dict[str, int] = json.loads((folder / "begins.json").read_text())
    marks = (folder / "marks").read_bytes()
    ends = [*list(begins.values())[1:], len(marks)]
    return {
        path: [line for line in range(1, end - begin) if marks[begin + line]]
        for (path, begin), end in zip(begins.items(), ends, strict=True)
    }


def record(folder: Path) -> None:
    """Note from now on which lines this process executes, and those that it forks."""
    with (folder / "marks").open("r+b") as file:
        vars(builtins)[MARKS] = mmap.mmap(file.fileno(), 0)
    begins: dict[str, int] = json.loads((folder / "begins.json").read_text())
    usual = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> CodeType | None:
        begin = begins.get(loader.path)
        return usual(loader, name) if begin is None else _marked_code(folder, loader.path, begin)

    # Not by a finder: Alembic, for one, finds its modules itself.
    vars(machinery)["SourceFileLoader"].get_code = get_code


def _marked_code(folder: Path, path: str, begin: int) -> CodeType:
    """Return the code of a file with marks; the first process that does keeps it for the others."""
    kept = folder / f"{begin}.code"
    if not kept.exists():
        tree = marked(ast.parse(Path(path).read_bytes(), path), begin)
        own = kept.with_suffix(f".{os.getpid()}")
        own.write_bytes(marshal.dumps(compile(tree, path, "exec", dont_inherit=True)))
        own.replace(kept)
    code: CodeType = marshal.loads(kept.read_bytes())  # noqa: S302 - our own
    return code


def marked(tree: ast.Module, begin: int) -> ast.Module:
    """Put a mark before each statement; `begin` is where the marks of the file begin."""
    nodes = list(ast.walk(tree))
    for node in nodes:
        for name in ("body", "orelse", "finalbody"):
            body: Any = getattr(node, name, None)
            if isinstance(body, list):
                body[:] = list(_with_marks(node, body, begin))
    for node in nodes:
        _mark_alternatives(node, begin)
    return tree


def _with_marks(node: ast.AST, body: list[ast.stmt], begin: int) -> Iterator[ast.stmt]:
    for place, statement in enumerate(body):
        marks = [_mark(begin, line, statement) for line in _lines(statement)]
        if place == 0 and _documents(node, statement):
            yield statement
        elif _is_of_the_future(statement):  # nothing may stand before it
            yield from (statement, *marks)
        else:
            yield from (*marks, statement)


def _documents(node: ast.AST, first: ast.stmt) -> bool:
    has_one = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    return has_one and isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _is_of_the_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def _lines(statement: ast.stmt) -> Iterator[int]:
    """Yield where a statement begins, and where its decorators stand."""
    yield statement.lineno
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (decorator.lineno for decorator in statement.decorator_list)


def _mark_alternatives(node: ast.AST, begin: int) -> None:
    """Mark `except` and `case` by what they lead to, with those that were asked before."""
    if isinstance(node, ast.Try | ast.TryStar):
        lines = [handler.lineno for handler in node.handlers]
        bodies = [handler.body for handler in node.handlers]
    elif isinstance(node, ast.Match):
        lines = [case.pattern.lineno for case in node.cases]
        bodies = [case.body for case in node.cases]
    else:
        return
    for place, body in enumerate(bodies):
        body[:0] = [_mark(begin, line, body[0]) for line in lines[: place + 1]]


def _mark(begin: int, line: int, at: ast.stmt) -> ast.stmt:
    """Make `__marks__[begin + line] = 1`."""
    place = ast.Subscript(ast.Name(MARKS, ast.Load()), ast.Constant(begin + line), ast.Store())
    mark = ast.Assign([place], ast.Constant(1), lineno=at.lineno)
    for node in ast.walk(mark):
        ast.copy_location(node, at)
    return mark


_named = os.environ.get(FOLDER)
if _named and os.access(f"{_named}/marks", os.W_OK):  # it is not, for some of other accounts
    record(Path(_named))
