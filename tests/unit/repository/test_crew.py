"""Tests are shared out among processes, and none is lost, whatever it does to its process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SUITE = """
import os
from pathlib import Path
import pytest

HERE = Path(__file__).parent
with (HERE / "collected").open("a") as file:
    file.write("once")

@pytest.fixture(scope="module")
def process():
    yield os.getpid()
    (HERE / f"ended-{os.getpid()}").touch()

@pytest.mark.parametrize("number", range(40))
def test_good(process, number, tmp_path):
    with (HERE / f"ran-{process}").open("a") as file:
        file.write("1")

def test_bad():
    assert {"is": 1} == {"should be": 2}

def test_dead():
    os._exit(3)

def test_last(process):
    print("nobody needs to see this")
"""
LEAK = """
class Leaving:
    def __del__(self):
        raise ValueError("nobody waited for me")

def pytest_sessionfinish(session):
    if hasattr(session.config, "workerinput"):
        Leaving()
"""


def run(folder: Path, *options: str) -> str:
    command = ("-m", "pytest", "-p", "no:cacheprovider", "-p", "crew", "--processes", "3")
    environment = {"PYTHONPATH": str(ROOT / "tools"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = subprocess.run(
        [sys.executable, *command, *options, str(folder)],
        cwd=folder,
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    return ended.stdout


def test_each_test_runs_once_in_one_of_the_processes(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE)
    said = run(tmp_path)
    assert "2 failed, 41 passed" in said
    assert "FAILED test_it.py::test_bad - AssertionError: assert {'is': 1} ==" in said
    assert "FAILED test_it.py::test_dead - The process died in the middle of it, with 3." in said
    assert "nobody needs" not in said
    assert (tmp_path / "collected").read_text() == "once"
    ran = list(tmp_path.glob("ran-*"))
    assert sum(len(file.read_text()) for file in ran) == 40
    assert len(ran) >= 3


def test_it_ends_at_the_first_failure_if_it_shall_and_cleans_up(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITE.replace("os._exit(3)", "assert False"))
    assert re.search(r"[12] failed, \d+ passed", run(tmp_path, "--maxfail=1"))
    ran = {file.name.removeprefix("ran-") for file in tmp_path.glob("ran-*")}
    assert ran <= {file.name.removeprefix("ended-") for file in tmp_path.glob("ended-*")}


def test_what_is_left_at_the_end_of_a_process_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): ...\n")
    (tmp_path / "conftest.py").write_text(LEAK)
    said = run(tmp_path, "-W", "error")
    assert "the end of a process - Traceback" in said
    assert "nobody waited for me" in said
    assert "1 failed, 1 passed" in said
