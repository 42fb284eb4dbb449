"""Recording spans with the OpenTelemetry SDK and sending them by OTLP over HTTP.

Loaded by `tracing` once a collector is configured: the SDK takes a while to import.
"""

import threading
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from typing import Final

from opentelemetry import propagate
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from folkmoot.kit.redact import Redactor
from folkmoot.kit.telemetry import context
from folkmoot.kit.telemetry.tracing import CONVERSATION_ID, Collector, Value

SEND_SECONDS: Final = 5  # for one batch; a collector that is down must not be felt
GOODBYE_SECONDS: Final = 3
BOUND_IDS: Final = {
    "request_id": "folkmoot.request.id",
    "org_id": "folkmoot.organization.id",
    "user_id": "user.id",
    "run_id": "folkmoot.run.id",
    "job_id": "folkmoot.job.id",
    "agent_id": "folkmoot.agent.id",
    "conversation_id": CONVERSATION_ID,
}


class OtlpBackend:
    """Sends spans to every collector; text in them is redacted before it leaves the process."""

    def __init__(self, collectors: Sequence[Collector], redactor: Redactor) -> None:
        version = metadata.version("folkmoot")
        resource = Resource.create({"service.name": "folkmoot", "service.version": version})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        for collector in collectors:
            exporter = OTLPSpanExporter(
                endpoint=collector.endpoint,
                headers=dict(collector.headers),
                timeout=SEND_SECONDS,
            )
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("folkmoot", version)
        self._redactor = redactor

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Value], remote: Mapping[str, str] | None
    ) -> Generator["RecordedSpan"]:
        """Record a block as a span, below the caller's own trace where `remote` names one."""
        with self._tracer.start_as_current_span(
            name,
            context=None if remote is None else propagate.extract(remote),
            kind=SpanKind.INTERNAL if remote is None else SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as started:
            span = RecordedSpan(started, self._redactor)
            span.set({BOUND_IDS[key]: value for key, value in context.current().items()})
            span.set(attributes)
            try:
                yield span
            except BaseException as error:
                span.fail(type(error).__qualname__, str(error))
                raise

    def shutdown(self) -> None:
        """Send what waits; give up after `GOODBYE_SECONDS`."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(GOODBYE_SECONDS)


class RecordedSpan:
    """A span that is on."""

    def __init__(self, span: Span, redactor: Redactor) -> None:
        self._span = span
        self._redactor = redactor

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes."""
        self._span.set_attributes(self._cleaned(attributes))

    def event(self, name: str, attributes: Mapping[str, Value] | None = None) -> None:
        """Note something that happened at this moment."""
        self._span.add_event(name, self._cleaned(attributes or {}))

    def rename(self, name: str) -> None:
        """Change the name."""
        self._span.update_name(name)

    def fail(self, error_type: str, detail: str = "") -> None:
        """Mark the work as failed, without a traceback: it could quote what we hide."""
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR, self._redactor.redact(detail)))

    def _cleaned(self, attributes: Mapping[str, Value]) -> dict[str, Value]:
        return {
            name: self._redactor.redact(value) if isinstance(value, str) else value
            for name, value in attributes.items()
        }
