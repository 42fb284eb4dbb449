"""A file under inspection, and what can be found in it."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Final

FOLDERS: Final = ("src", "tests", "tools", "bench", "examples", "docs", "console")
KINDS: Final = {".py", ".md", ".sh", ".toml", ".sql", ".ts", ".svelte", ".css", ".html", ".yaml"}
NOT_OURS: Final = {"node_modules", "dist", "static", "__pycache__"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken."""

    path: PurePosixPath
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(frozen=True)
class Source:
    """A file: its path from the root of the repository, and its text."""

    path: PurePosixPath
    text: str

    @property
    def is_python(self) -> bool:
        return self.path.suffix == ".py"

    @property
    def is_package(self) -> bool:
        """Whether the file is part of the package that users install."""
        return self.is_python and self.path.parts[0] == "src"

    @property
    def is_migration(self) -> bool:
        return "migrations" in self.path.parts

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text) if self.is_python else ast.Module([], [])

    @cached_property
    def nodes(self) -> Sequence[ast.AST]:
        """All nodes of the tree, which every rule looks through."""
        return list(ast.walk(self.tree))

    def is_in(self, *rooms: str) -> bool:
        """Tell whether the file is, or lies in, one of the package's rooms, such as `db`."""
        return self.is_package and self.path.with_suffix("").parts[2] in rooms

    def found(self, node: ast.stmt | ast.expr, message: str) -> Finding:
        """Report a node."""
        return Finding(self.path, node.lineno, message)


def read(root: Path) -> Iterator[Source]:
    """Read every file of the repository that people write."""
    tops = [path for path in root.iterdir() if path.is_file()]
    below = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file())
    for path in [*tops, *below]:
        relative = path.relative_to(root)
        if path.suffix in KINDS and not NOT_OURS & set(relative.parts):
            yield Source(PurePosixPath(relative), path.read_text(encoding="utf-8"))


def name_of(node: ast.expr) -> str:
    """Return the last name of an expression: `get` for `self.client.get`, "" for others."""
    match node:
        case ast.Attribute():
            return node.attr
        case ast.Name():
            return node.id
        case ast.Call():
            return name_of(node.func)
        case _:
            return ""
