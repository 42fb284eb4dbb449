"""Runs from the command line."""

import psycopg
import pytest

from commanding import Shell
from deployed import Deployed
from folkmoot.db import bootstrap
from folkmoot.db.embedded import EmbeddedPostgres


@pytest.fixture(scope="module")
def run_id(folkmoot: Shell) -> str:
    """A run that has ended."""
    events = folkmoot("chat", "[[fake-tok5]]", "--json").lines
    return str(events[0]["event"]["runId"])


def test_runs_are_listed_with_the_newest_first(folkmoot: Shell, run_id: str) -> None:
    newest = folkmoot("runs", "list", "--limit", "1", "--json").json
    assert [run["client_id"] for run in newest] == [run_id]
    table = folkmoot("runs", "list", "--kind", "agent", "--state", "finished")
    assert table.out.splitlines()[0].split() == [
        "id",
        "kind",
        "agent",
        "state",
        "created",
        "events",
    ]
    assert newest[0]["id"] in table.out


def test_one_run_is_shown(folkmoot: Shell, run_id: str) -> None:
    assert folkmoot("runs", "show", run_id, "--json").json["state"] == "finished"
    assert "state            finished\n" in folkmoot("runs", "show", run_id).out


def test_the_events_read_and_the_events_followed_are_the_same(folkmoot: Shell, run_id: str) -> None:
    read = folkmoot("runs", "events", run_id, "--json")
    followed = folkmoot("runs", "events", run_id, "--json", "--follow")
    assert read.lines == followed.lines
    assert [line["id"] for line in read.lines] == list(range(1, len(read.lines) + 1))
    after = folkmoot("runs", "events", run_id, "--json", "--follow", "--after", "2")
    assert after.lines == read.lines[2:]


def test_the_log_is_shown_as_it_is_stored(folkmoot: Shell, run_id: str) -> None:
    stored = folkmoot("runs", "events", run_id, "--log")
    assert stored.out.splitlines()[0].split()[:2] == ["1", "run.started"]
    followed = folkmoot("runs", "events", run_id, "--log", "--follow")
    assert [line.split()[:2] for line in followed.out.splitlines()] == [
        line.split()[:2] for line in stored.out.splitlines()
    ]


def test_a_run_is_cancelled(folkmoot: Shell, local_server: Deployed) -> None:
    with folkmoot.begin("chat", "[[fake-tok5000-itl20]]", "--json") as asking:
        assert asking.stdout is not None
        assert b"RUN_STARTED" in asking.stdout.readline()
        running = folkmoot("runs", "list", "--state", "running", "--json").json
        ended = folkmoot("runs", "cancel", running[0]["id"], "--json")
        assert ended.code == 0
        assert b'"cancelled"' in asking.stdout.read()
        assert asking.wait() == 1
    assert local_server.get(f"/api/v1/runs/{running[0]['id']}").json()["state"] == "cancelled"


def test_a_run_that_nobody_may_see_does_not_exist(folkmoot: Shell) -> None:
    ended = folkmoot("runs", "show", "no such run")
    assert (ended.code, ended.out) == (1, "")
    assert "run_not_found" in ended.err


def test_naming_no_run_or_too_many_is_wrong_use(folkmoot: Shell, run_id: str) -> None:
    assert folkmoot("runs", "verify").code == 2
    assert folkmoot("runs", "verify", run_id, "--all").code == 2
    assert folkmoot("runs", "list", "--state", "sleeping").code == 2


def test_intact_logs_are_verified_and_one_that_was_changed_is_found(
    folkmoot: Shell, local_server: Deployed
) -> None:
    events = folkmoot("chat", "The truth", "--json").lines
    run_id = str(events[0]["event"]["runId"])
    intact = folkmoot("runs", "verify", "--all")
    assert (intact.code, "BROKEN" in intact.out) == (0, False)
    assert intact.err.endswith("verified, 0 broken.\n")

    falsify(local_server, folkmoot("runs", "show", run_id, "--json").json["id"])
    broken = folkmoot("runs", "verify", run_id)
    assert broken.code == 1
    assert "BROKEN at event" in broken.out
    assert not folkmoot("runs", "verify", run_id, "--json").json[0]["intact"]
    assert folkmoot("runs", "verify", "--all").code == 1


def falsify(server: Deployed, run_id: str) -> None:
    """Rewrite history as only the superuser of the database can."""
    embedded = EmbeddedPostgres(server.directory / "data" / "postgres")
    address = embedded.start().dsn(database=bootstrap.DATABASE)
    try:
        with psycopg.connect(address) as connection:
            changed = connection.execute(
                "UPDATE run_events SET payload = replace(payload, 'The truth', 'A lie')"
                " WHERE run_id = %s AND payload LIKE '%%The truth%%'",
                (run_id,),
            )
            assert changed.rowcount > 0
    finally:
        embedded.stop()
