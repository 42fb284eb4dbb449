"""No secret reaches the database by way of a run, however it is cut, quoted or named."""

import json

import psycopg
import pytest
from psycopg import sql

from folkmoot.kit import redact
from folkmoot.kit.errors import Conflict
from folkmoot.kit.redact import Redactor
from folkmoot.kit.subject import Subject
from folkmoot.runs.filters import Redacting
from folkmoot.runs.live import LiveRun
from running import StartProcess, types

pytestmark = pytest.mark.anyio

KEY = "sk-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"
KNOWN = 'the "configured" pass\\word'
PASSWORD = "correct horse 7 battery"
SECRETS = (KEY, KNOWN, KNOWN.replace("\\", "\\\\").replace('"', '\\"'), PASSWORD, "horse 7")
TABLES = ("run_events", "runs", "messages", "tool_calls")


async def blab(run: LiveRun) -> None:
    """Tell secrets in every way there is, and fail with one."""
    for stream in (run.message("m1"), run.reasoning("r1"), run.tool_call("t1", "x", None)):
        for secret in (KEY, KNOWN):
            stream.write(f"it is {secret[:7]}")
            await run.settled()
            for character in secret[7:]:
                stream.write(character)
            stream.write(" and so on. ")
        stream.end()
    run.announce("told", {"password": PASSWORD, "quoted": f'"{KEY}"\n', KEY: [KNOWN]})
    run.emit("tool.returned", {"toolCallId": "t1", "content": json.dumps({"password": PASSWORD})})
    with run.step(f"step {KEY}"):
        run.message("m2").write(f"half of {KEY[:-1]}")
        raise Conflict(f"The key {KEY} or {KNOWN} was refused.")


@pytest.mark.core
async def test_no_secret_is_stored(
    start: StartProcess, subject: Subject, superuser_address: str
) -> None:
    redactor = Redactor(redact.SECRETS, known=[KNOWN])
    running = await start({"blab": blab}, filters=Redacting(redactor))
    run = await running.open(subject, "blab")
    events = await running.log(subject, run.id)
    assert types(events)[-1] == "run.failed"
    assert all(isinstance(json.loads(event.payload or b""), dict) for event in events)
    with psycopg.connect(superuser_address) as connection:
        for table in map(sql.Identifier, TABLES):
            found = connection.execute(sql.SQL("SELECT t::text FROM {} AS t").format(table))
            text = "\n".join(str(row[0]) for row in found)
            assert not [secret for secret in SECRETS if secret in text]
    shown = b"".join(event.payload or b"" for event in events)
    assert shown.count(b"[redacted") >= 14
