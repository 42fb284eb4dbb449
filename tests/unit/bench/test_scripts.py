"""Benchmarks are run by hand: what they import has to be where they look for it."""

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[3] / "bench"
SCRIPTS = [path for path in sorted(BENCH.iterdir()) if path.is_file() and not path.suffix]


def modules(script: Path) -> set[str]:
    """Return the modules of ours that a script imports."""
    found = [
        each for each in ast.walk(ast.parse(script.read_text())) if isinstance(each, ast.ImportFrom)
    ]
    return {each.module for each in found if each.module and each.module.startswith("folkmoot.")}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_what_it_imports_is_there(script: Path) -> None:
    assert [name for name in modules(script) if find_spec(name) is None] == []


def test_there_are_benchmarks_to_look_at() -> None:
    assert {"streaming", "retrieval", "startup"} <= {script.name for script in SCRIPTS}
