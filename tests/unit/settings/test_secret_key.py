"""The deployment's secret key."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from folkmoot.settings.deployment import Deployment
from folkmoot.settings.errors import ConfigurationInvalid
from folkmoot.settings.loading import load
from folkmoot.settings.secret_key import NAME, existing_key, secret_key

GIVEN = "a-secret-key-of-more-than-32-characters"


def test_a_key_that_is_given_is_used_and_not_stored(tmp_path: Path) -> None:
    deployment = load({"FOLKMOOT_SECRET_KEY": GIVEN}).deployment
    assert secret_key(deployment, tmp_path) == GIVEN
    assert list(tmp_path.iterdir()) == []


def test_in_dev_mode_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    made = secret_key(Deployment(), tmp_path)
    assert len(made) >= 32
    assert secret_key(Deployment(), tmp_path) == made
    (path,) = tmp_path.iterdir()
    assert path.name == NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(_number: int) -> str:
        together.wait()
        return secret_key(Deployment(), tmp_path)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(start, range(8)))
    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_key_that_could_not_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        secret_key(Deployment(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_production_demands_a_key(tmp_path: Path) -> None:
    deployment = load({"FOLKMOOT_MODE": "production"}).deployment
    with pytest.raises(ConfigurationInvalid, match="production mode needs one"):
        secret_key(deployment, tmp_path)


def test_whoever_only_looks_makes_no_key(tmp_path: Path) -> None:
    assert existing_key(Deployment(), tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    made = secret_key(Deployment(), tmp_path)
    assert existing_key(Deployment(), tmp_path) == made
