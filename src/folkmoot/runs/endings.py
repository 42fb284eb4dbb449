"""The ends of a run: whatever happens to it, there is exactly one."""

from collections.abc import Sequence

from folkmoot.kit.telemetry import metrics
from folkmoot.runs.events import ENDS, Event
from folkmoot.runs.live import LiveRun
from folkmoot.runs.states import RunState


def fail(run: LiveRun, code: str, detail: str) -> None:
    """End a run as failed; does nothing if it has ended or is another process's."""
    if run.over:
        return
    metrics.agent_error(str(run.input.get("agent", run.kind)), code)
    metrics.run_finished(run.kind, RunState.FAILED)
    run.close_open(code)
    body: dict[str, object] = {"message": detail, "code": code}
    run.emit(Event.RUN_FAILED, body | run.spent)


def end(run: LiveRun, event: Event) -> None:
    """End a run as finished or cancelled; does nothing if it has ended or is another's."""
    if run.over:
        return
    metrics.run_finished(run.kind, ENDS[event])
    run.close_open("run_cancelled" if event is Event.RUN_CANCELLED else "run_ended")
    if event is Event.RUN_CANCELLED:
        run.emit(event, _finished(run, {"type": "cancelled"}))
        return
    result = {} if run.result is None else {"result": run.result}
    outcome: dict[str, object] = {"type": "success"}
    if run.left:
        outcome["pendingToolCallIds"] = run.left
    run.emit(event, _finished(run, outcome) | result)


def interrupt(run: LiveRun, asked: Sequence[object]) -> None:
    """End a run that cannot go on before these questions are answered (AG-UI's interrupts)."""
    if run.over:
        return
    metrics.run_finished(run.kind, RunState.INTERRUPTED)
    run.close_open()
    outcome: dict[str, object] = {"type": "interrupt", "interrupts": asked}
    run.emit(Event.RUN_INTERRUPTED, _finished(run, outcome))


def _finished(run: LiveRun, outcome: dict[str, object]) -> dict[str, object]:
    body: dict[str, object] = {
        "threadId": run.thread_id,
        "runId": run.client_id,
        "outcome": outcome,
    }
    return body | run.spent
