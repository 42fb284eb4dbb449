"""How a request looks in each format; the shapes are those of the providers' documentation."""

from typing import Any

import msgspec
import pytest

from folkmoot.llm.config import ProviderConfig, ProviderKind
from folkmoot.llm.connection.transport import Call
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    NamedTool,
    ToolCall,
    ToolSpec,
)
from folkmoot.llm.providers import parts
from folkmoot.llm.providers.adapters import ADAPTERS, chatting
from folkmoot.settings.providers import OpenAIFormat

CLOCK = ToolSpec("clock", "Tells the time.", {"type": "object", "properties": {}})
TALK = [
    ChatMessage("system", "Be brief."),
    ChatMessage("user", "What time is it?"),
    ChatMessage("assistant", "", tool_calls=[ToolCall("c1", "clock", '{"zone":"UTC"}')]),
    ChatMessage("tool", "12:00", tool_call_id="c1"),
]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}


def call(kind: ProviderKind, request: ChatRequest, model: str = "some-model") -> Call:
    endpoint = ADAPTERS[kind].endpoint("p", ProviderConfig(kind, api_key="secret-key"))
    return ADAPTERS[kind].chat(endpoint).call(model, request)


def body(kind: ProviderKind, request: ChatRequest, model: str = "some-model") -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(call(kind, request, model).body)
    return decoded


@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_key_goes_into_a_header_and_nowhere_else(kind: ProviderKind) -> None:
    made = call(kind, ChatRequest(messages=TALK))
    assert any("secret-key" in value for value in made.headers.values())
    assert "secret-key" not in made.url
    assert b"secret-key" not in made.body
    assert "secret-key" not in repr(made)


SETTINGS = ChatRequest(messages=TALK[:2], temperature=0.5, max_tokens=10, stop=["END"])


def test_settings_go_where_each_format_has_them() -> None:
    openai = body(ProviderKind.OPENAI, SETTINGS, "gpt-4.1")
    assert (openai["temperature"], openai["max_completion_tokens"]) == (0.5, 10)
    assert openai["stop"] == ["END"]
    anthropic = body(ProviderKind.ANTHROPIC, SETTINGS, "claude-sonnet-4-5")
    assert (anthropic["temperature"], anthropic["max_tokens"]) == (0.5, 10)
    assert anthropic["stop_sequences"] == ["END"]
    google = body(ProviderKind.GOOGLE, SETTINGS, "gemini-3-pro")["generationConfig"]
    assert google == {
        "temperature": 0.5,
        "maxOutputTokens": 10,
        "stopSequences": ["END"],
        "thinkingConfig": {"includeThoughts": True},
    }
    ollama = body(ProviderKind.OLLAMA, SETTINGS)["options"]
    assert ollama == {"temperature": 0.5, "num_predict": 10, "stop": ["END"]}


def test_a_single_question_is_marked_no_further_than_its_system_prompt() -> None:
    sent = call(ProviderKind.ANTHROPIC, ChatRequest(messages=TALK[:2])).body
    assert sent.count(b"cache_control") == 1
    assert b'"text":"Be brief.","cache_control":{"type":"ephemeral"}' in sent


def test_only_models_of_openai_that_think_are_asked_for_their_thoughts() -> None:
    sent = body(ProviderKind.RESPONSES, SETTINGS, "gpt-4.1")
    assert (sent["temperature"], sent["max_output_tokens"]) == (0.5, 10)
    assert not {"include", "reasoning", "text"} & sent.keys()


@pytest.mark.parametrize(
    ("wanted", "address", "path"),
    [
        (OpenAIFormat.AUTO, None, "/v1/responses"),
        (OpenAIFormat.AUTO, "https://api.openai.com/v1/", "/v1/responses"),
        (OpenAIFormat.AUTO, "http://localhost:8000/v1", "/v1/chat/completions"),
        (OpenAIFormat.CHAT, None, "/v1/chat/completions"),
        (OpenAIFormat.RESPONSES, "http://localhost:8000/v1", "/v1/responses"),
    ],
)
def test_responses_are_spoken_with_openai_and_where_they_are_wanted(
    wanted: OpenAIFormat, address: str | None, path: str
) -> None:
    provider = ProviderConfig(ProviderKind.OPENAI, address, "k")
    adapter = chatting(provider, wanted)
    made = adapter.chat(adapter.endpoint("openai", provider)).call("m", SETTINGS)
    assert made.url.endswith(path)


def test_a_model_that_takes_no_temperature_gets_none() -> None:
    assert "temperature" not in body(ProviderKind.OPENAI, SETTINGS, "o3")
    assert "temperature" not in body(ProviderKind.ANTHROPIC, SETTINGS, "claude-opus-5")


def test_servers_that_only_speak_openais_format_know_the_older_field() -> None:
    provider = ProviderConfig(ProviderKind.OPENAI, "http://localhost:8000/v1/")
    adapter = ADAPTERS[ProviderKind.OPENAI]
    made = adapter.chat(adapter.endpoint("p", provider)).call("m", SETTINGS)
    assert made.url == "http://localhost:8000/v1/chat/completions"
    assert msgspec.json.decode(made.body)["max_tokens"] == 10
    assert "Authorization" not in made.headers


def test_models_are_held_to_a_schema_only_as_far_as_they_can_be() -> None:
    plain = ChatRequest(messages=TALK[:2], response_schema=SCHEMA)
    offered = ChatRequest(messages=TALK[:2], tools=[CLOCK], response_schema=SCHEMA)
    spared = ChatRequest(
        messages=TALK[:2], tools=[CLOCK], tool_choice="none", response_schema=SCHEMA
    )
    assert "response_format" not in body(ProviderKind.OPENAI, plain, "gpt-4-turbo")
    assert "response_format" in body(ProviderKind.OPENAI, offered, "gpt-4o")
    assert "output_config" not in body(ProviderKind.ANTHROPIC, plain, "claude-3-7-sonnet-latest")
    assert "output_config" in body(ProviderKind.ANTHROPIC, offered, "claude-opus-4-5")
    both = body(ProviderKind.GOOGLE, offered, "gemini-3-pro")
    assert "tools" in both
    assert both["generationConfig"]["responseJsonSchema"] == SCHEMA
    older = body(ProviderKind.GOOGLE, offered, "gemini-2.5-flash")
    assert "tools" in older
    assert "responseJsonSchema" not in older["generationConfig"]
    held = body(ProviderKind.GOOGLE, spared, "gemini-2.5-flash")
    assert "tools" not in held
    assert held["generationConfig"]["responseJsonSchema"] == SCHEMA
    assert "format" not in body(ProviderKind.OLLAMA, offered)
    assert body(ProviderKind.OLLAMA, spared)["format"] == SCHEMA


def test_a_tool_that_has_to_be_called() -> None:
    named = ChatRequest(messages=TALK[:2], tools=[CLOCK], tool_choice=NamedTool("clock"))
    required = ChatRequest(messages=TALK[:2], tools=[CLOCK], tool_choice="required")
    assert body(ProviderKind.OPENAI, named)["tool_choice"] == {
        "type": "function",
        "function": {"name": "clock"},
    }
    assert body(ProviderKind.OPENAI, required)["tool_choice"] == "required"
    assert body(ProviderKind.RESPONSES, named)["tool_choice"] == {
        "type": "function",
        "name": "clock",
    }
    anthropic = body(ProviderKind.ANTHROPIC, named, "claude-opus-4-5")
    assert anthropic["tool_choice"] == {"type": "tool", "name": "clock"}
    silent = body(ProviderKind.ANTHROPIC, required, "claude-opus-5")
    assert (silent["tool_choice"], silent["thinking"]) == ({"type": "any"}, {"type": "disabled"})
    thinking = body(ProviderKind.ANTHROPIC, required, "claude-opus-5-5")
    assert (thinking["tool_choice"], thinking["thinking"]["type"]) == ({"type": "auto"}, "adaptive")
    google = body(ProviderKind.GOOGLE, named)["toolConfig"]["functionCallingConfig"]
    assert google == {"mode": "ANY", "allowedFunctionNames": ["clock"]}
    assert len(body(ProviderKind.OLLAMA, named)["tools"]) == 1


def test_tools_that_must_not_be_called_are_not_shown_to_ollama() -> None:
    request = ChatRequest(messages=TALK[:2], tools=[CLOCK], tool_choice="none")
    assert "tools" not in body(ProviderKind.OLLAMA, request)
    assert body(ProviderKind.ANTHROPIC, request)["tool_choice"] == {"type": "none"}


def test_results_of_parallel_calls_are_one_turn() -> None:
    calls = [ToolCall("a", "clock", "{}"), ToolCall("b", "clock", "{broken")]
    talk = [
        ChatMessage("user", "Twice."),
        ChatMessage("assistant", "Yes.", tool_calls=calls),
        ChatMessage("tool", "1", tool_call_id="a"),
        ChatMessage("tool", "2", tool_call_id="b"),
        ChatMessage("user", "And?"),
    ]
    anthropic = body(ProviderKind.ANTHROPIC, ChatRequest(messages=talk))["messages"]
    assert [turn["role"] for turn in anthropic] == ["user", "assistant", "user"]
    assert [block["type"] for block in anthropic[2]["content"]] == [
        "tool_result",
        "tool_result",
        "text",
    ]
    assert anthropic[1]["content"][2]["input"] == {}
    google = body(ProviderKind.GOOGLE, ChatRequest(messages=talk))["contents"]
    assert [turn["role"] for turn in google] == ["user", "model", "user"]
    signed = [part.get("thoughtSignature") for part in google[1]["parts"][1:]]
    assert signed[0]
    assert signed[1] is None


def test_the_name_of_a_model_can_not_leave_its_place_in_the_address() -> None:
    made = call(ProviderKind.GOOGLE, ChatRequest(messages=TALK), "../../x?y=#")
    assert made.url.endswith("/v1beta/models/..%2F..%2Fx%3Fy%3D%23:streamGenerateContent?alt=sse")


@pytest.mark.parametrize(
    ("signature", "kept"),
    [
        (None, None),
        ("google:c2VjcmV0", "google:c2VjcmV0"),
        ('openai:[{"reasoning":"secret é"}]', 'openai:[{"reasoning":"- \\u00e9"}]'),
        ('ollama:["a secret"]', 'ollama:["a -"]'),
        ('ollama:["nothing"]', 'ollama:["nothing"]'),
        ('anthropic:[{"thinking":"a secret","signature":"x"}]', None),
        (
            'anthropic:[{"thinking":"nothing","signature":"secret"}]',
            'anthropic:[{"thinking":"nothing","signature":"secret"}]',
        ),
        ('responses:[{"summary":[{"text":"secret"}],"encrypted_content":"x"}]', None),
    ],
)
def test_what_a_filter_takes_out_of_thoughts_is_not_in_their_mark_either(
    signature: str | None, kept: str | None
) -> None:
    assert parts.cleaned(signature, lambda text: text.replace("secret", "-")) == kept
