"""A checkout as its user has it: every command finds what `up` began there."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import folkmoot as package
from commanding import PATIENCE, Shell
from deployed import Deployed

SOURCES = Path(package.__file__).parent


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the sources; whoever runs it has not said where data are to be kept."""
    with tempfile.TemporaryDirectory(prefix="folkmoot-checkout-") as name:
        root = Path(name)
        root.chmod(0o755)
        console = shutil.ignore_patterns("static")
        shutil.copytree(SOURCES, root / "src" / "folkmoot", ignore=console)
        (root / "pyproject.toml").touch()
        yield root


def test_commands_find_the_server_that_was_started_from_the_same_checkout(checkout: Path) -> None:
    runs_it = {"PYTHONPATH": str(checkout / "src")}
    shell = Shell(runs_it)
    server = Deployed(checkout, {**runs_it, "FOLKMOOT_EMBEDDING_MODEL": "offline:hash"})
    server.start()
    try:
        assert (checkout / ".folkmoot" / "postgres").is_dir()
        said = {}
        for command in ("chat Hello", "runs list --json", "docs list --json", "user list --json"):
            with shell.begin(*command.split()) as begun:
                said[command], error = begun.communicate(timeout=PATIENCE)
            assert begun.returncode == 0, error
        assert said["chat Hello"]
        (person,) = json.loads(said["user list --json"])
        assert person["email"] == "admin@localhost"
    finally:
        server.stop()
