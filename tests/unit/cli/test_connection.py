"""The way to a server: named, or found on this machine."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from folkmoot.cli import connection, local
from folkmoot.cli.connection import connected
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.local import Credential
from folkmoot.kit import clock
from staged import Stage, answers

Mint = Callable[[Path, Credential | None], Credential]


def credential(key: str, *, hours: int = 1) -> Credential:
    expires_at = clock.now() + timedelta(hours=hours)
    return Credential(key=key, id=f"id of {key}", expires_at=expires_at.isoformat())


@pytest.fixture
def minted(monkeypatch: pytest.MonkeyPatch) -> list[Credential | None]:
    """Keys are made without a database; the list holds what each one takes the place of."""
    replaced: list[Credential | None] = []

    def mint(_data_dir: Path, old: Credential | None) -> Credential:
        replaced.append(old)
        return credential("new")

    def load(_place: str) -> Mint:
        return mint

    monkeypatch.setattr(connection, "load", load)
    return replaced


def used(stage: Stage, data_dir: Path, url: str | None = None, key: str | None = None) -> str:
    """Ask the server something; return the key that it was shown."""
    stage.replies.append(answers(200, {}))
    with connected(url, key, data_dir) as api:
        api.get("/api/v1/models")
    return stage.heard[-1].headers["authorization"].removeprefix("Bearer ")


def test_a_server_and_a_key_that_are_named_are_used(
    stage: Stage, tmp_path: Path, minted: list[Credential | None]
) -> None:
    assert used(stage, tmp_path, url=f"{stage.url}/", key="mine") == "mine"
    assert [heard.path for heard in stage.heard] == ["/api/v1/models"]
    assert minted == []


def test_the_server_of_this_machine_needs_no_key(
    stage: Stage, tmp_path: Path, minted: list[Credential | None]
) -> None:
    with local.announced(tmp_path, stage.url):
        assert used(stage, tmp_path) == "new"
        stage.replies.append(answers(200, {}))
        assert used(stage, tmp_path) == "new"
        assert used(stage, tmp_path, key="mine") == "mine"
    assert minted == [None]
    assert [heard.path for heard in stage.heard] == [
        "/api/v1/models",
        "/api/v1/me",
        "/api/v1/models",
        "/api/v1/models",
    ]


@pytest.mark.parametrize("old", [credential("old", hours=-1), credential("old")])
def test_a_key_that_counts_no_more_is_replaced(
    stage: Stage, tmp_path: Path, minted: list[Credential | None], old: Credential
) -> None:
    local.store(tmp_path, old)
    if old.lasts:
        stage.replies.append(answers(401, {"detail": "Sign in."}))
    with local.announced(tmp_path, stage.url):
        assert used(stage, tmp_path) == "new"
    assert minted == [old]
    stored = local.stored(tmp_path)
    assert stored is not None
    assert stored.key == "new"


def test_a_server_in_trouble_does_not_cost_the_key(
    stage: Stage, tmp_path: Path, minted: list[Credential | None]
) -> None:
    local.store(tmp_path, credential("old"))
    stage.replies.append(answers(503, {"detail": "The database does not answer."}))
    with (
        local.announced(tmp_path, stage.url),
        pytest.raises(Failure, match="database"),
        connected(None, None, tmp_path),
    ):
        pass
    assert minted == []


def test_the_key_of_this_machine_is_shown_to_nobody_else(
    stage: Stage, tmp_path: Path, minted: list[Credential | None]
) -> None:
    local.store(tmp_path, credential("old"))
    with pytest.raises(Failure) as failure, connected(stage.url, None, tmp_path):
        pass
    assert failure.value.code is ExitCode.UNAUTHORIZED
    assert (stage.heard, minted) == ([], [])


def test_without_any_server_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Failure) as failure, connected(None, "a key", tmp_path):
        pass
    assert failure.value.code is ExitCode.UNREACHABLE
    assert "folkmoot up" in failure.value.hints[0]


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://one.example", "http://", "http://a:b:c"])
def test_an_address_that_is_none_is_wrong_use(tmp_path: Path, url: str) -> None:
    with pytest.raises(Failure) as failure, connected(url, "a key", tmp_path):
        pass
    assert failure.value.code is ExitCode.USED_WRONGLY
