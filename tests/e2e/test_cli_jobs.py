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
        with folkmoot.begin("worker", "--retry-failed") as process:
            deadline = time.monotonic() + PATIENCE
            while connection.execute("SELECT FROM procrastinate_jobs").fetchone() is not None:
                assert process.poll() is None, process.communicate()[1]
                assert time.monotonic() < deadline
                time.sleep(0.05)  # a queue tells nobody that it is empty
            process.send_signal(signal.SIGTERM)
            process.communicate()
        assert found(folkmoot) == ("ok", "None was given up.")


def found(folkmoot: Shell) -> tuple[str, str]:
    """Return what the doctor finds about jobs."""
    findings = {each["check"]: each for each in folkmoot("doctor", "--json").json}
    return findings["jobs"]["status"], findings["jobs"]["detail"]
