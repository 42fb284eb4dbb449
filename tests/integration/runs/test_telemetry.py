"""What an operator sees of a run: ids on its log lines, a span with its state, figures."""

import asyncio
import io
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from uuid import UUID

import pytest
import structlog

from collecting import attributes, receiving
from folkmoot.kit import redact
from folkmoot.kit.errors import Conflict
from folkmoot.kit.ids import RunId
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import context, logs, metrics, tracing
from folkmoot.runs.live import LiveRun
from folkmoot.runs.ports import Executor
from running import Running

pytestmark = pytest.mark.anyio

StartProcess = Callable[[dict[str, Executor]], Awaitable[Running]]


@pytest.fixture
def page() -> Iterator[io.BytesIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    page = io.BytesIO()
    logs.configure(stream=page)
    yield page
    logging.captureWarnings(capture=False)
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


async def note(run: LiveRun) -> None:
    await asyncio.sleep(0)
    structlog.get_logger().info("noted", number=run.input["number"])


async def refuse(_run: LiveRun) -> None:
    raise Conflict("No.")


async def test_the_log_lines_of_runs_at_once_carry_their_own_ids_and_their_requests(
    start: StartProcess, subject: Subject, page: io.BytesIO
) -> None:
    process = await start({"note": note})
    wanted: dict[int, tuple[RunId, str]] = {}
    for number in range(5):
        with context.bound(request_id=f"request-{number}"):
            run = await process.open(subject, "note", number=number)
            wanted[number] = (run.id, f"request-{number}")
    for run_id, _ in wanted.values():
        await process.log(subject, run_id)
    lines = [json.loads(line) for line in page.getvalue().splitlines()]
    noted = {line["number"]: line for line in lines if line["event"] == "noted"}
    found = {
        number: (RunId(UUID(line["run_id"])), line["request_id"]) for number, line in noted.items()
    }
    assert found == wanted
    assert {line["org_id"] for line in noted.values()} == {str(subject.org_id)}


async def test_a_run_is_a_span_that_tells_how_it_ended(
    start: StartProcess, subject: Subject
) -> None:
    with receiving() as receiver:
        tracing.configure([tracing.Collector(receiver.url)], redact.SECRETS_ONLY)
        process = await start({"refuse": refuse})
        run = await process.open(subject, "refuse")
        await process.log(subject, run.id)
        await process.supervisor.drain(grace=5)
        tracing.shutdown()
        span = receiver.spans["run refuse"]
    assert attributes(span)["folkmoot.run.id"] == str(run.id)
    assert attributes(span)["folkmoot.organization.id"] == str(subject.org_id)
    (event,) = span.events
    assert [(pair.key, pair.value.string_value) for pair in event.attributes] == [
        ("state", "run.failed")
    ]


async def test_runs_and_connections_are_counted(start: StartProcess, subject: Subject) -> None:
    def value(name: str, **labels: str) -> float:
        return metrics.REGISTRY.get_sample_value(name, labels) or 0.0

    before = value("agent_errors_total", agent_id="refuse", error_type="conflict")
    process = await start({"refuse": refuse})
    run = await process.open(subject, "refuse")
    await process.log(subject, run.id)
    after = value("agent_errors_total", agent_id="refuse", error_type="conflict")
    assert after == before + 1
    assert value("database_connections", pool="pipelines", state="open") >= 1
    assert value("database_connections", pool="sessions", state="in_use") == 0
