"""The audit trail from the command line."""

import json
from pathlib import Path

import psycopg
import pytest

from commanding import Shell
from deployed import Deployed
from folkmoot.db import bootstrap
from folkmoot.db.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def key_id(local_server: Deployed) -> str:
    """A key that was made, of which the trail tells."""
    made = local_server.post("/api/v1/api-keys", json={"name": "=audited"})
    return str(made.json()["id"])


def test_the_trail_is_listed_and_searched(folkmoot: Shell, key_id: str) -> None:
    options = ("--action", "api_key.*", "--target-type", "api_key", "--target-id", key_id)
    (event,) = folkmoot("audit", "list", *options, "--json").json
    assert (event["action"], event["after"]["name"]) == ("api_key.created", "=audited")
    table = folkmoot("audit", "list", *options)
    assert table.out.splitlines()[0].split() == [
        "seq",
        "at",
        "action",
        "actor",
        "target",
        "address",
    ]
    assert f"api_key {key_id}" in table.out
    nothing = folkmoot("audit", "list", "--until", "2020-01-01T00:00:00Z")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "There are no such events.\n")


def test_the_trail_is_exported_to_the_terminal_and_into_a_file(
    folkmoot: Shell, key_id: str, tmp_path: Path
) -> None:
    printed = folkmoot("audit", "export", "--target-id", key_id)
    assert [json.loads(line)["target"]["id"] for line in printed.out.splitlines()] == [key_id]
    written = folkmoot("audit", "export", "--format", "csv", "-o", tmp_path / "trail.csv")
    assert (written.code, written.out) == (0, "")
    assert key_id in (tmp_path / "trail.csv").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["trail.csv"]
    nowhere = folkmoot("audit", "export", "-o", tmp_path / "no such" / "trail.csv")
    assert nowhere.code == 1
    assert "cannot be written" in nowhere.err


def test_a_filter_that_means_nothing_is_refused(folkmoot: Shell, key_id: str) -> None:
    for command in ("list", "export"):
        refused = folkmoot("audit", command, "--since", "yesterday")
        assert refused.code == 1
        assert "since" in refused.err


def test_an_intact_trail_is_verified_and_one_that_was_changed_is_found(
    folkmoot: Shell, key_id: str, local_server: Deployed
) -> None:
    intact = folkmoot("audit", "verify")
    assert (intact.code, intact.out.split(",")[0]) == (0, "intact")
    assert folkmoot("audit", "verify", "--json").json["intact"]
    falsify(local_server, key_id)
    broken = folkmoot("audit", "verify")
    assert (broken.code, broken.out.split(" at ")[0]) == (1, "BROKEN")
    assert not folkmoot("audit", "verify", "--json").json["intact"]


def falsify(server: Deployed, key_id: str) -> None:
    """Rewrite history as only the superuser of the database can."""
    embedded = EmbeddedPostgres(server.directory / "data" / "postgres")
    address = embedded.start().dsn(database=bootstrap.DATABASE)
    try:
        with psycopg.connect(address) as connection:
            changed = connection.execute(
                "UPDATE audit_events SET after = '{}' WHERE target_id = %s", (key_id,)
            )
            assert changed.rowcount > 0
    finally:
        embedded.stop()
