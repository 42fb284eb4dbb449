"""Spans: nothing without a collector, and everything to one that is configured."""

import subprocess
import sys
from collections.abc import Iterator
from uuid import UUID

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collecting import Receiver, attributes, receiving
from folkmoot.kit import redact
from folkmoot.kit.telemetry import context, tracing

KEY = "sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_without_a_collector_a_span_is_one_shared_object_that_does_nothing() -> None:
    with tracing.span("a", {"b": 1}) as first, tracing.span("c") as second:
        first.set({"x": 1})
        first.event("y")
        first.rename("z")
        first.fail("timed_out")
        assert first is second
    assert not tracing.enabled()


def test_without_a_collector_the_sdk_is_not_imported() -> None:
    code = (
        "import sys\nfrom folkmoot.kit.telemetry import tracing\n"
        "with tracing.span('a'): pass\n"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_spans_nest_carry_the_bound_ids_and_reach_the_collector_redacted(
    receiver: Receiver,
) -> None:
    collector = tracing.Collector(receiver.url, {"Authorization": "Basic abc"})
    tracing.configure([collector], redact.SECRETS_ONLY)
    with (
        context.bound(request_id="req-1", run_id=UUID(int=3)),
        tracing.span("run agent", {"kind": "agent"}) as run,
    ):
        run.event("run.state", {"to": "running"})
        with tracing.span("chat", {tracing.REQUEST_MODEL: "openai:x"}) as call:
            call.set({tracing.INPUT_TOKENS: 12, "note": f"key {KEY}"})
            call.rename("chat openai:x")
    tracing.shutdown()
    outer, inner = receiver.spans["run agent"], receiver.spans["chat openai:x"]
    assert inner.parent_span_id == outer.span_id
    assert attributes(inner)[tracing.INPUT_TOKENS] == 12
    assert attributes(inner)["note"] == "key [redacted key]"
    assert attributes(inner)["folkmoot.request.id"] == "req-1"
    assert attributes(inner)["folkmoot.run.id"] == str(UUID(int=3))
    assert [event.name for event in outer.events] == ["run.state"]
    assert receiver.authorization == "Basic abc"


def test_a_request_continues_the_trace_of_its_caller(receiver: Receiver) -> None:
    tracing.configure([tracing.Collector(receiver.url)], redact.SECRETS_ONLY)
    caller = "0af7651916cd43dd8448eb211c80319c"
    with tracing.span("GET /x", remote={"traceparent": f"00-{caller}-b7ad6b7169203331-01"}):
        assert tracing.enabled()
    tracing.shutdown()
    assert receiver.spans["GET /x"].trace_id.hex() == caller
    assert receiver.spans["GET /x"].kind == Span.SPAN_KIND_SERVER


def test_an_exception_fails_the_span_without_quoting_a_secret(receiver: Receiver) -> None:
    tracing.configure([tracing.Collector(receiver.url)], redact.SECRETS_ONLY)
    with pytest.raises(ValueError, match="refused"), tracing.span("call"):
        raise ValueError(f"refused {KEY}")
    tracing.shutdown()
    failed = receiver.spans["call"]
    assert failed.status.message == "refused [redacted key]"
    assert attributes(failed)["error.type"] == "ValueError"
    assert KEY.encode() not in failed.SerializeToString()


def test_no_collector_configured_means_off() -> None:
    tracing.configure([], redact.SECRETS_ONLY)
    assert not tracing.enabled()
