import pytest

from folkmoot.llm.providers import facts


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("gpt-4.1", True),
        ("gpt-5", False),
        ("gpt-5-chat-latest", True),
        ("gpt-5.2", True),
        ("gpt-5.2-pro", False),
        ("gpt-5.6-sol", False),
        ("o3-mini", False),
        ("llama-3", True),
    ],
)
def test_reasoning_models_of_openai_take_no_temperature(model: str, *, accepted: bool) -> None:
    assert facts.openai(model).sampling is accepted


@pytest.mark.parametrize(
    ("model", "accepted"),
    [("claude-sonnet-4-5-20250929", True), ("claude-opus-4-7", False), ("claude-opus-5", False)],
)
def test_newer_models_of_anthropic_take_no_temperature(model: str, *, accepted: bool) -> None:
    assert facts.anthropic(model).sampling is accepted


def test_older_models_of_google_show_no_thoughts() -> None:
    assert facts.google("gemini-3-pro-preview").thoughts
    assert not facts.google("gemini-2.0-flash").thoughts
