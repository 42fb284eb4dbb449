"""Spans: nothing without a collector, and everything to one that is configured."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from folkmoot.kit import redact
from folkmoot.kit.telemetry import context, tracing

KEY = "sk-proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG"


class Receiver(ThreadingHTTPServer):
    """A collector: keeps the spans and the headers it is sent."""

    daemon_threads = True

    def __init__(self) -> None:
        self.spans: dict[str, Span] = {}
        self.authorization = ""
        super().__init__(("127.0.0.1", 0), ReceiverHandler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1/traces"


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.authorization = self.headers.get("Authorization", "")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans |= {span.name: span for span in scope.spans}
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        tracing.shutdown()
        server.shutdown()


def attributes(span: Span) -> dict[str, object]:
    return {
        pair.key: getattr(pair.value, pair.value.WhichOneof("value") or "string_value")
        for pair in span.attributes
    }


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
