"""The figures an operator watches, in the format of Prometheus.

Each function is one thing that happened; call it per request, call or batch, never per token.
Names that come from outside (models, agents, tools) are bounded, so that no caller can make series
without end.
"""

from collections.abc import Callable, Iterable
from typing import Final, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

VALUES_AT_MOST: Final = 200
LONGEST_VALUE: Final = 100  # characters
OTHER: Final = "other"

REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
CALL_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 320)
SHORT_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5)

# When a series was created doubles the series, and nobody reads it. (The library has no type for
# the function that says so.)
cast(Callable[[], None], disable_created_metrics)()
REGISTRY: Final = CollectorRegistry()
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

_request_count = Counter(
    "request_count",
    "HTTP requests by route, agent and status.",
    ("endpoint", "agent_id", "status"),
    registry=REGISTRY,
)
_request_duration = Histogram(
    "request_duration_seconds",
    "Time from a request's first byte to its answer's last.",
    ("endpoint", "agent_id"),
    buckets=REQUEST_SECONDS,
    registry=REGISTRY,
)
requests_in_progress: Final = Gauge(
    "requests_in_progress", "HTTP requests and streams that are open.", registry=REGISTRY
)
_llm_tokens = Counter(
    "llm_token_count",
    "Tokens as the provider counted them.",
    ("model", "operation"),
    registry=REGISTRY,
)
_llm_duration = Histogram(
    "llm_call_duration_seconds",
    "Time of a whole model call.",
    ("model",),
    buckets=CALL_SECONDS,
    registry=REGISTRY,
)
_llm_first_token = Histogram(
    "llm_first_token_seconds",
    "Time from a model call to its first token.",
    ("model",),
    buckets=CALL_SECONDS,
    registry=REGISTRY,
)
_llm_refused = Counter(
    "llm_calls_refused",
    "Model calls that were not made: the provider is left alone, or too many wait.",
    ("provider", "reason"),
    registry=REGISTRY,
)
_llm_waiting = Gauge(
    "llm_calls_waiting", "Model calls that wait for their turn.", ("provider",), registry=REGISTRY
)
_llm_breakers = Counter(
    "llm_breaker_changes",
    "Times that this process began or ceased to leave a provider alone.",
    ("provider", "state"),
    registry=REGISTRY,
)
_llm_breakers_open = Gauge(
    "llm_breakers_open",
    "Keys with which a provider is left alone.",
    ("provider",),
    registry=REGISTRY,
)
_llm_fallbacks = Counter(
    "llm_fallbacks",
    "Answers of another model than the one that was asked.",
    ("model", "reason"),
    registry=REGISTRY,
)
_cache_operations = Counter(
    "cache_operations",
    "Look-ups in a cache.",
    ("operation", "hit_miss"),
    registry=REGISTRY,
)
_agent_errors = Counter(
    "agent_errors", "Runs of an agent that failed.", ("agent_id", "error_type"), registry=REGISTRY
)
_runs = Gauge("runs", "Runs that this process holds, by state.", ("state",), registry=REGISTRY)
_runs_finished = Counter("runs_finished", "Runs that ended.", ("kind", "state"), registry=REGISTRY)
_tools_uncertain = Counter(
    "tool_calls_needing_review",
    "Tool calls of which it is not known whether they took effect.",
    ("tool",),
    registry=REGISTRY,
)
usage_rows_refused: Final = Counter(
    "usage_rows_refused",
    "Rows of the ledger of model calls that the database has refused, and that are lost.",
    registry=REGISTRY,
)
_log_batches = Counter(
    "log_writer_batches", "Batches that the log writer committed.", registry=REGISTRY
)
_log_events = Counter(
    "log_writer_events", "Events that the log writer committed.", registry=REGISTRY
)
_log_commit = Histogram(
    "log_writer_commit_seconds",
    "Time to commit one batch.",
    buckets=SHORT_SECONDS,
    registry=REGISTRY,
)
_log_lag = Histogram(
    "log_writer_lag_seconds",
    "Age of a batch's oldest event when it was committed.",
    buckets=SHORT_SECONDS,
    registry=REGISTRY,
)
_log_queue = Gauge(
    "log_writer_queue", "Events that wait for the log writer's next batch.", registry=REGISTRY
)
_connections = Gauge(
    "database_connections", "Connections of a pool, by state.", ("pool", "state"), registry=REGISTRY
)
_jobs = Gauge(
    "jobs",
    "Background jobs that wait, run or were given up; the last wait for an operator.",
    ("name", "state"),
    registry=REGISTRY,
)
_retrieval = Histogram(
    "retrieval_duration_seconds",
    "Time of one search in a collection.",
    ("mode",),
    buckets=SHORT_SECONDS,
    registry=REGISTRY,
)
_vector_documents = Gauge(
    "vector_documents",
    "Documents that a vector store is to be told of: waiting, failing, or given up.",
    ("state",),
    registry=REGISTRY,
)
_embedded = Counter(
    "embedded_passages",
    "Passages that were to be embedded: for which an embedder was asked, or whose vectors an"
    " organisation had.",
    ("outcome",),
    registry=REGISTRY,
)
_citations = Counter(
    "citations",
    "Marks of answers by which they refer to passages: kept, or dropped for a reason.",
    ("outcome",),
    registry=REGISTRY,
)


class Bound:
    """Lets the first so many distinct values of a label through and calls the rest "other"."""

    def __init__(self, values_at_most: int = VALUES_AT_MOST) -> None:
        self._values_at_most = values_at_most
        self._seen: set[str] = set()

    def __call__(self, value: str) -> str:
        value = value[:LONGEST_VALUE]
        if value in self._seen:
            return value
        if len(self._seen) >= self._values_at_most:
            return OTHER
        self._seen.add(value)
        return value


_endpoint, _agent, _model, _error, _tool = Bound(), Bound(), Bound(), Bound(), Bound()
_provider = Bound()


def request(endpoint: str, agent_id: str, status: int, seconds: float) -> None:
    """Count an answered request; `endpoint` is the route's template, never the path."""
    endpoint, agent_id = _endpoint(endpoint), _agent(agent_id)
    _request_count.labels(endpoint, agent_id, str(status)).inc()
    _request_duration.labels(endpoint, agent_id).observe(seconds)


def llm_call(model: str, seconds: float, *, first_token: float | None = None) -> None:
    """Count a model call that ended, well or badly; times in seconds."""
    model = _model(model)
    _llm_duration.labels(model).observe(seconds)
    if first_token is not None:
        _llm_first_token.labels(model).observe(first_token)


def llm_tokens(model: str, operation: str, count: int) -> None:
    """Add tokens; `operation` is one of a few words, such as input, output and embedding."""
    _llm_tokens.labels(_model(model), operation).inc(count)


def llm_refused(provider: str, reason: str) -> None:
    """Count a model call that was not made."""
    _llm_refused.labels(_provider(provider), reason).inc()


def llm_waiting(provider: str, more: int) -> None:
    """Say that so many more model calls wait, or fewer."""
    _llm_waiting.labels(_provider(provider)).inc(more)


def llm_breaker(provider: str, state: str) -> None:
    """Count a breaker that changes to a state."""
    _llm_breakers.labels(_provider(provider), state).inc()


def llm_breakers_open(provider: str, count: int) -> None:
    """Say with how many keys a provider is left alone."""
    _llm_breakers_open.labels(_provider(provider)).set(count)


def llm_fell_back(model: str, reason: str) -> None:
    """Count an answer of another model; `reason` is the code of the failure."""
    _llm_fallbacks.labels(_model(model), reason).inc()


def cache(operation: str, *, hit: bool) -> None:
    """Count a look-up in the cache named by `operation`."""
    _cache_operations.labels(operation, "hit" if hit else "miss").inc()


def agent_error(agent_id: str, error_type: str) -> None:
    """Count a run that failed; `error_type` is the error's code."""
    _agent_errors.labels(_agent(agent_id), _error(error_type)).inc()


def runs_in(state: str, count: int) -> None:
    """Say how many runs this process holds in a state."""
    _runs.labels(state).set(count)


def run_finished(kind: str, state: str) -> None:
    """Count a run that ended in a terminal state."""
    _runs_finished.labels(kind, state).inc()


def tool_needs_review(tool: str) -> None:
    """Count a tool call that somebody has to look at."""
    _tools_uncertain.labels(_tool(tool)).inc()


def log_batch(events: int, *, commit: float, lag: float, waiting: int) -> None:
    """Count a committed batch; `commit` and `lag` in seconds, `waiting` in events."""
    _log_batches.inc()
    _log_events.inc(events)
    _log_commit.observe(commit)
    _log_lag.observe(lag)
    _log_queue.set(waiting)


def watch_connections(pool: str, state: str, count: Callable[[], float]) -> None:
    """Ask `count` for the connections of a pool whenever the metrics are read."""
    _connections.labels(pool, state).set_function(count)


def retrieval(mode: str, seconds: float) -> None:
    """Count a search."""
    _retrieval.labels(mode).observe(seconds)


def vector_documents(waiting: int, failing: int, given_up: int) -> None:
    """Say how many documents a vector store is still to be told of, and how many it refuses."""
    for state, count in (("waiting", waiting), ("failing", failing), ("given_up", given_up)):
        _vector_documents.labels(state).set(count)


def embedded(outcome: str, passages: int) -> None:
    """Count passages that were `asked` for or `reused`."""
    _embedded.labels(outcome).inc(passages)


def citation(outcome: str) -> None:
    """Count a citation that was kept, or dropped for one of a few reasons."""
    _citations.labels(outcome).inc()


def jobs(counted: Iterable[tuple[str, str, int]]) -> None:
    """Say how many background jobs there are of each name, in each state."""
    _jobs.clear()
    for name, state, count in counted:
        _jobs.labels(name, state).set(count)


def exposition(accept: str) -> tuple[bytes, str]:
    """Return everything in the format that the `Accept` header asks for, and its content type."""
    encode, content_type = choose_encoder(accept)
    return encode(REGISTRY), content_type
