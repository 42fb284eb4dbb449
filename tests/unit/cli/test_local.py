"""How commands find the server of this machine, and the credential they show it."""

import json
import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from folkmoot.cli import local
from folkmoot.cli.local import Credential
from folkmoot.kit import clock

DIES = """
import os, sys
from pathlib import Path
from folkmoot.cli import local
with local.announced(Path(sys.argv[1]), "http://127.0.0.1:1"):
    assert local.servers(Path(sys.argv[1]))
    os.kill(os.getpid(), 9)
"""


def credential(*, minutes: int = 60) -> Credential:
    expires_at = clock.now() + timedelta(minutes=minutes)
    return Credential(key="fm_secret", id="1", expires_at=expires_at.isoformat())


def test_a_server_is_found_while_it_serves_and_not_after(tmp_path: Path) -> None:
    with local.announced(tmp_path, "http://127.0.0.1:8000"):
        assert local.servers(tmp_path) == ["http://127.0.0.1:8000"]
    assert local.servers(tmp_path) == []


def test_of_several_servers_the_newest_comes_first(tmp_path: Path) -> None:
    with (
        local.announced(tmp_path, "http://127.0.0.1:1"),
        local.announced(tmp_path, "http://127.0.0.1:2"),
    ):
        assert local.servers(tmp_path) == ["http://127.0.0.1:2", "http://127.0.0.1:1"]


def test_the_note_of_a_killed_server_is_not_believed(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", DIES, str(tmp_path)], check=False)
    assert killed.returncode == -9
    assert len(list((tmp_path / local.SERVERS).glob("*.json"))) == 1
    assert local.servers(tmp_path) == []
    assert list((tmp_path / local.SERVERS).iterdir()) == []


def test_where_nothing_was_ever_served_nothing_is_found(tmp_path: Path) -> None:
    assert local.servers(tmp_path / "missing") == []


def test_others_can_neither_see_where_it_serves_nor_the_credential(tmp_path: Path) -> None:
    local.store(tmp_path, credential())
    with local.announced(tmp_path, "http://127.0.0.1:8000"):
        assert stat.S_IMODE((tmp_path / local.SERVERS).stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / local.CREDENTIAL).stat().st_mode) == 0o600


def test_a_stored_credential_is_found_again(tmp_path: Path) -> None:
    stored = credential()
    local.store(tmp_path, stored)
    assert local.stored(tmp_path) == stored
    assert stored.lasts
    assert "fm_secret" not in repr(stored)


def test_a_credential_that_is_about_to_expire_is_not_good_enough() -> None:
    assert not credential(minutes=1).lasts


def test_a_file_of_another_version_is_no_credential(tmp_path: Path) -> None:
    assert local.stored(tmp_path) is None
    for content in ("", "{", "[]", json.dumps({"token": "x"})):
        (tmp_path / local.CREDENTIAL).write_text(content)
        assert local.stored(tmp_path) is None
