"""Spans: what a request, a run, a model call, a tool call and a search took, and for whom.

Without a collector a span is one shared object that does nothing; the OpenTelemetry SDK is not even
imported. Attribute names are those of OpenTelemetry's semantic conventions.
"""

import importlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from folkmoot.kit.redact import Redactor

BACKEND: Final = "folkmoot.kit.telemetry.otlp"

# https://opentelemetry.io/docs/specs/semconv/gen-ai/
OPERATION: Final = "gen_ai.operation.name"  # chat, embeddings, execute_tool, invoke_agent
PROVIDER: Final = "gen_ai.provider.name"
REQUEST_MODEL: Final = "gen_ai.request.model"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CONVERSATION_ID: Final = "gen_ai.conversation.id"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"

Value = str | int | float | bool
OpenSpan = AbstractContextManager["Span"]


class Span(Protocol):
    """One piece of work that is being timed."""

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Add attributes that became known."""
        ...

    def event(self, name: str, attributes: Mapping[str, Value] | None = None) -> None:
        """Note something that happened inside, such as a state transition."""
        ...

    def rename(self, name: str) -> None:
        """Give the span a better name than it had at its start."""
        ...

    def fail(self, error_type: str, detail: str = "") -> None:
        """Mark the work as failed; an exception that leaves the span does so by itself."""
        ...


@dataclass(frozen=True, slots=True)
class Collector:
    """Where spans go by OTLP over HTTP; `headers` may carry credentials."""

    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


class Backend(Protocol):
    """What really records spans; the module named by `BACKEND` makes one."""

    def span(
        self, name: str, attributes: Mapping[str, Value], remote: Mapping[str, str] | None
    ) -> OpenSpan: ...

    def shutdown(self) -> None: ...


class _NoSpan:
    def set(self, attributes: Mapping[str, Value]) -> None: ...

    def event(self, name: str, attributes: Mapping[str, Value] | None = None) -> None: ...

    def rename(self, name: str) -> None: ...

    def fail(self, error_type: str, detail: str = "") -> None: ...


class _State:
    backend: Backend | None = None


_NOTHING: Final[OpenSpan] = nullcontext(_NoSpan())


def span(
    name: str,
    attributes: Mapping[str, Value] | None = None,
    *,
    remote: Mapping[str, str] | None = None,
) -> OpenSpan:
    """Time a block; an exception that leaves it marks the span as failed.

    Args:
        name: Low in variety: an operation and its target, no ids.
        attributes: What is known at the start.
        remote: The headers of a request from outside, which makes this its server span.
    """
    if _State.backend is None:
        return _NOTHING
    return _State.backend.span(name, attributes or {}, remote)


def enabled() -> bool:
    """Tell whether spans go anywhere: whether costly attributes are worth collecting."""
    return _State.backend is not None


def configure(collectors: Sequence[Collector], redactor: Redactor) -> None:
    """Start sending spans to the collectors, if there are any; text passes the redactor first."""
    shutdown()
    if collectors:
        module = importlib.import_module(BACKEND)
        _State.backend = cast(Backend, module.OtlpBackend(collectors, redactor))


def shutdown() -> None:
    """Send what is left (waiting some seconds at most) and stop."""
    if _State.backend is not None:
        _State.backend.shutdown()
    _State.backend = None
