"""What an operator sees of background jobs that were given up, and does about them."""

import signal
import time
from pathlib import Path

import psycopg

from commanding import PATIENCE, Shell
from conftest import SECRET_KEY

GIVEN_UP = """
INSERT INTO procrastinate_jobs (queue_name, task_name, args, status, attempts)
VALUES ('knowledge', 'knowledge.drop_blob', '{"key": "gone"}', 'failed', 6)
"""


def test_jobs_that_were_given_up_are_found_by_the_doctor_and_tried_again_on_request(
    owner_address: str, tmp_path: Path
) -> None:
    folkmoot = Shell(
        {
            "FOLKMOOT_DATABASE_URL": owner_address,
            "FOLKMOOT_SECRET_KEY": SECRET_KEY,
            "FOLKMOOT_DATA_DIR": str(tmp_path),
            "FOLKMOOT_EMBEDDING_MODEL": "offline:hash",
        }
    )
    with psycopg.connect(owner_address, autocommit=True) as connection:
        connection.execute(GIVEN_UP)
        assert found(folkmoot) == (
            "warning",
            "Given up after several attempts: knowledge.drop_blob (1).",
        )
        looked_at(folkmoot)
        with folkmoot.begin("worker", "--retry-failed") as process:
            deadline = time.monotonic() + PATIENCE
            while connection.execute("SELECT FROM procrastinate_jobs").fetchone() is not None:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.05)  # a queue tells nobody that it is empty
            process.send_signal(signal.SIGTERM)
            process.communicate()
        assert found(folkmoot) == ("ok", "None was given up.")


def looked_at(folkmoot: Shell) -> None:
    """Look at the dead job, have it tried again, and discard another one."""
    (dead,) = folkmoot("jobs", "list", "--state", "dead", "--json").json
    assert (dead["kind"], dead["attempts"]) == ("knowledge.drop_blob", 6)
    job = str(dead["id"])
    assert folkmoot("jobs", "list").out.splitlines()[1].split()[:3] == [job, dead["kind"], "dead"]
    assert folkmoot("jobs", "show", job, "--json").json["about"] == {"key": "gone"}
    assert "knowledge.drop_blob" in folkmoot("jobs", "show", job).out
    assert folkmoot("jobs", "retry", job).code == 0
    assert folkmoot("jobs", "list", "--state", "dead").err == "There are no such jobs.\n"
    assert "has not been given up" in folkmoot("jobs", "discard", job).err


def found(folkmoot: Shell) -> tuple[str, str]:
    """Return what the doctor finds about jobs."""
    findings = {each["check"]: each for each in folkmoot("doctor", "--json").json}
    return findings["jobs"]["status"], findings["jobs"]["detail"]
