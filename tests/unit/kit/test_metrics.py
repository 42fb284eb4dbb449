"""Metrics: the names that dashboards rely on, and bounds on what callers can make."""

from folkmoot.kit.telemetry import metrics


def value(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


def test_the_promised_series_are_exported_under_their_exact_names() -> None:
    metrics.request("/api/v1/names", "chat", 200, 0.2)
    metrics.llm_tokens("openai:x", "input", 12)
    metrics.llm_call("openai:x", 1.5, first_token=0.3)
    metrics.cache("settings", hit=True)
    metrics.agent_error("chat", "timed_out")
    text = metrics.exposition("")[0].decode()
    for series in (
        'request_count_total{agent_id="chat",endpoint="/api/v1/names",status="200"} 1.0',
        'request_duration_seconds_count{agent_id="chat",endpoint="/api/v1/names"} 1.0',
        'llm_token_count_total{model="openai:x",operation="input"} 12.0',
        'llm_call_duration_seconds_count{model="openai:x"} 1.0',
        'llm_first_token_seconds_count{model="openai:x"} 1.0',
        'cache_operations_total{hit_miss="hit",operation="settings"} 1.0',
        'agent_errors_total{agent_id="chat",error_type="timed_out"} 1.0',
    ):
        assert series in text
    assert "_created" not in text


def test_runs_the_log_writer_the_database_and_searches_are_counted() -> None:
    metrics.runs_in("running", 3)
    metrics.run_finished("agent", "succeeded")
    metrics.log_batch(7, commit=0.002, lag=0.004, waiting=2)
    metrics.watch_connections("test", "in_use", lambda: 5)
    metrics.retrieval("hybrid", 0.01)
    assert value("runs", state="running") == 3
    assert value("runs_finished_total", kind="agent", state="succeeded") >= 1
    assert value("log_writer_events_total") >= 7
    assert value("log_writer_queue") == 2
    assert value("database_connections", pool="test", state="in_use") == 5
    assert value("retrieval_duration_seconds_count", mode="hybrid") >= 1


def test_a_label_has_a_bounded_number_of_values_of_bounded_length() -> None:
    bound = metrics.Bound(values_at_most=2)
    assert [bound(name) for name in ("a", "b", "c", "a")] == ["a", "b", metrics.OTHER, "a"]
    assert len(metrics.Bound()("x" * 1000)) == metrics.LONGEST_VALUE


def test_the_format_follows_the_accept_header() -> None:
    assert metrics.exposition("application/openmetrics-text; version=1.0.0")[0].endswith(b"# EOF\n")
    assert metrics.exposition("text/plain")[1].startswith("text/plain")
