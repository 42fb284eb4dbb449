"""The lines that were executed are noted as a tracer would, in whichever process that was."""

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from coverage.parser import PythonParser

import recorder

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = '''\
"""A module."""

from __future__ import annotations

import functools


class Kind:
    """A class."""

    value: int = 1

    @functools.cached_property
    def twice(
        self,
    ) -> int:
        """Say it twice."""
        return (
            self.value
            + self.value
        )


def kind_of(value: object) -> str:
    match value:
        case int():
            return "number"
        case str() | bytes():
            found = "text"
        case _:
            found = "other"
    return found


def tried(value: str) -> int:
    try:
        number = int(value)
    except TypeError:
        return 1
    except ValueError:
        pass
    else:
        return number
    finally:
        functools.cache(len)
    if value == "one":
        return 1
    elif value == "two":
        return 2
    else:
        for _ in range(2):
            continue
        while True:
            break
        with open(__file__):
            return 3
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A package of our name with one module."""
    package = tmp_path / "src" / "folkmoot"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sample.py").write_text(SAMPLE)
    return package / "sample.py"


def execute(module: Path, program: str) -> set[int]:
    """Run a program that is recorded; return the lines of the module that it has executed."""
    folder = module.parents[2]
    recorder.prepare(folder, module.parent)
    paths = os.pathsep.join(map(str, (ROOT / "tools", module.parents[1])))
    environment = os.environ | {recorder.FOLDER: str(folder), "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-c", dedent(program)], env=environment, check=True)
    return set(recorder.recorded(folder)[str(module)])


def test_every_line_that_coverage_counts_is_noted_when_it_is_executed(module: Path) -> None:
    noted = execute(
        module,
        """
        from folkmoot import sample
        sample.Kind().twice
        list(map(sample.kind_of, (1, "", None)))
        list(map(sample.tried, ("1", None, "one", "two", "three")))
        """,
    )
    parser = PythonParser(text=SAMPLE)
    parser.parse_source()
    assert parser.statements <= noted


def test_what_is_not_executed_is_not_noted(module: Path) -> None:
    noted = execute(module, "from folkmoot.sample import tried\ntried('1')")
    told = [line.strip() for number, line in enumerate(SAMPLE.splitlines(), 1) if number in noted]
    within = told[told.index("def tried(value: str) -> int:") + 1 :]
    assert within == ["try:", "number = int(value)", "return number", "functools.cache(len)"]
    assert not any(line.startswith(("match", "case", "return (")) for line in told)


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_process_that_was_forked_and_ends_at_once_loses_nothing(module: Path, end: str) -> None:
    noted = execute(
        module,
        f"""
        import os
        from folkmoot import sample
        if (child := os.fork()) == 0:
            sample.kind_of(1)
            {end}
        os.waitpid(child, 0)
        """,
    )
    assert SAMPLE.splitlines().index('            return "number"') + 1 in noted


def test_a_module_that_a_library_finds_itself_is_recorded_like_any_other(module: Path) -> None:
    noted = execute(
        module,
        f"""
        import importlib.util
        spec = importlib.util.spec_from_file_location("of_a_migration", {str(module)!r})
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        """,
    )
    assert SAMPLE.splitlines().index("class Kind:") + 1 in noted


def test_the_second_process_of_a_recording_adds_to_what_the_first_has_noted(module: Path) -> None:
    noted = execute(
        module,
        """
        import subprocess, sys
        for text in ("kind_of(1)", "kind_of(None)"):
            program = f"from folkmoot import sample; sample.{text}"
            subprocess.run([sys.executable, "-c", program], check=True)
        """,
    )
    lines = SAMPLE.splitlines()
    assert {
        lines.index(f"            {text}") + 1 for text in ('return "number"', 'found = "other"')
    } <= noted
