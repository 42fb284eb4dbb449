"""No library sends prompts to a service of its own."""

import os

import pytest

from folkmoot import main

NAMES = ["LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"]


def test_every_process_that_is_configured_traces_nothing_whatever_its_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "true")
    main.configuration()
    assert [os.environ[name] for name in NAMES] == ["false"] * 4
