"""What somebody is told to type in order to install something."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from folkmoot.kit import extras


class Installed:
    """A distribution that knows where it came from."""

    def __init__(self, told: str | None) -> None:
        self._told = told

    def read_text(self, name: str) -> str | None:
        return self._told if name == "direct_url.json" else None


@pytest.mark.parametrize(
    ("told", "ends"),
    [
        (None, " 'folkmoot[ocr]'"),
        ('{"url": "https://example.org/f.whl", "archive_info": {}}', " 'folkmoot[ocr]'"),
        (
            '{"url": "file:///srv/my%20moot", "dir_info": {"editable": true}}',
            " --editable '/srv/my moot[ocr]'",
        ),
    ],
)
def test_an_extra_comes_from_where_we_come_from(
    told: str | None, ends: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "distribution", lambda _name: Installed(told))
    assert extras.installing("ocr") == extras.installer() + ends


def test_what_was_never_installed_comes_from_the_index(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(extras, "distribution", missing)
    assert extras.installing("ocr").endswith(" 'folkmoot[ocr]'")


def test_the_installer_is_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    helped = subprocess.run([*extras.installer().split(), "--help"], check=False)
    assert helped.returncode == 0
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert extras.installer() == f"{tmp_path}/python -m pip install"
