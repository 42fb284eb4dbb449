"""Where everything must run, a test that did not is a failure."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SUITES = {
    "skipped": "import pytest\ndef test_a():\n    pytest.skip('no browser')\n",
    "marked": "import pytest\n@pytest.mark.skipif(True, reason='no browser')\ndef test_a(): ...\n",
    "as a whole": "import pytest\npytest.skip('no browser', allow_module_level=True)\n",
    "expected to fail": "import pytest\n@pytest.mark.xfail\ndef test_a():\n    assert False\n",
}


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, str(folder)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "tools"),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("suite", SUITES.values(), ids=SUITES)
def test_a_skip_becomes_a_failure_that_tells_its_reason(tmp_path: Path, suite: str) -> None:
    (tmp_path / "test_it.py").write_text(suite)
    assert run(tmp_path).returncode in {0, 5}
    strict = run(tmp_path, "-p", "no_skips")
    assert strict.returncode not in {0, 5}
    assert "was skipped, and nothing may be" in strict.stdout


def test_it_is_the_same_in_the_processes_that_share_the_tests(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(SUITES["skipped"])
    strict = run(tmp_path, "-p", "no_skips", "-p", "crew", "--processes", "1")
    assert "was skipped, and nothing may be" in strict.stdout
    assert "1 failed" in strict.stdout


def test_what_passes_and_fails_does_so_as_ever(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("def test_a(): ...\ndef test_b():\n    assert False\n")
    assert "1 failed, 1 passed" in run(tmp_path, "-p", "no_skips").stdout
