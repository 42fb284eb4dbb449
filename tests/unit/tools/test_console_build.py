"""`hatch_build.py` as `./up` calls it. The tests in the browser rest on what it really builds."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = "hatch_build.py"
BUILDING = """[ "$1" = run ] || exit 0
/bin/mkdir "$CONSOLE_OUT_DIR"
echo x >"$CONSOLE_OUT_DIR/index.html"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The console's sources and the script, with nothing installed."""
    shutil.copy(ROOT / SCRIPT, tmp_path)
    unwanted = shutil.ignore_patterns("node_modules")
    shutil.copytree(ROOT / "console", tmp_path / "console", ignore=unwanted)
    (tmp_path / "src/folkmoot/faces/console").mkdir(parents=True)
    return tmp_path


def build(checkout: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where only the programs in a folder can be found."""
    return subprocess.run(
        [sys.executable, "-IS", SCRIPT],
        cwd=checkout,
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def pretend(folder: Path, name: str, script: str) -> None:
    """Put a program of that name into a folder."""
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_without_node_it_says_so_by_its_exit_code(checkout: Path, tmp_path: Path) -> None:
    done = build(checkout, tmp_path / "empty")
    assert done.returncode == 3
    assert "Node.js" in done.stderr


def test_an_old_node_counts_as_none(checkout: Path, tmp_path: Path) -> None:
    pretend(tmp_path, "node", "echo v18.20.4")
    pretend(tmp_path, "npm", "exit 0")
    assert build(checkout, tmp_path).returncode == 3


def test_a_failing_build_leaves_nothing_behind(checkout: Path, tmp_path: Path) -> None:
    pretend(tmp_path, "node", "echo v22.1.0")
    pretend(tmp_path, "npm", "echo no network; exit 1")
    done = build(checkout, tmp_path)
    assert done.returncode == 1
    assert "no network" in done.stderr
    assert list((checkout / "src/folkmoot/faces/console").iterdir()) == []


def test_it_builds_once_and_again_when_a_source_changes(checkout: Path, tmp_path: Path) -> None:
    pretend(tmp_path, "node", "echo v22.1.0")
    pretend(tmp_path, "npm", BUILDING)
    static = checkout / "src/folkmoot/faces/console/static"
    assert "has been built" in build(checkout, tmp_path).stdout
    assert (static / "index.html").is_file()
    assert "up to date" in build(checkout, tmp_path).stdout
    (checkout / "console/src/main.ts").write_text("changed")
    assert "has been built" in build(checkout, tmp_path).stdout
    (checkout / "console/src/lib/text/format.test.ts").write_text("changed")
    assert "up to date" in build(checkout, tmp_path).stdout
    assert [path.name for path in static.parent.iterdir()] == ["static"]
