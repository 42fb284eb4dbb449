"""Schedules and runs in the background, from the command line."""

from commanding import Shell


def test_a_question_is_asked_by_the_clock_and_at_once(folkmoot: Shell) -> None:
    made = folkmoot(
        *("schedules", "create", "Morning", "0 9 * * 1-5", "What is new?"),
        *("--zone", "Europe/Warsaw", "--json"),
    ).json
    named = made["id"]
    assert made["explained"] == "At 09:00 on Monday through Friday"
    assert "Morning" in folkmoot("schedules", "list").out
    assert folkmoot("schedules", "show", named).out.splitlines()[0].split() == ["id", named]
    assert "cron_unreadable" in folkmoot("schedules", "create", "x", "noon", "y").err
    begun = folkmoot("schedules", "run", named)
    assert "RUN_FINISHED" in folkmoot("runs", "events", begun.out.strip(), "--follow").out
    (tick,) = folkmoot("schedules", "ticks", named, "--json").json
    assert (tick["run_id"], tick["by_hand"]) == (begun.out.strip(), True)
    assert tick["run_id"] in folkmoot("schedules", "ticks", named).out
    assert folkmoot("schedules", "pause", named, "--json").json["paused"] == "asked"
    assert folkmoot("schedules", "resume", named, "--json").json["paused"] is None
    assert folkmoot("schedules", "delete", named).code == 0
    assert folkmoot("schedules", "show", named).code == 1


def test_a_run_is_started_in_the_background(folkmoot: Shell) -> None:
    begun = folkmoot("runs", "start", "Hello", "--json").json
    assert begun["kind"] == "agent"
    assert "RUN_FINISHED" in folkmoot("runs", "events", begun["id"], "--follow").out
    plain = folkmoot("runs", "start", "Hello", "--conversation", begun["conversation_id"])
    assert folkmoot("runs", "show", plain.out.strip()).code == 0
