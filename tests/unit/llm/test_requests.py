"""How a request looks in each format; the shapes are those of the providers' documentation."""

from typing import Any

import msgspec
import pytest

from folkmoot.llm.adapters import ADAPTERS
from folkmoot.llm.config import ProviderConfig, ProviderKind
from folkmoot.llm.errors import ModelRejected
from folkmoot.llm.port import (
    ChatMessage,
    ChatRequest,
    ImagePart,
    NamedTool,
    TextPart,
    ToolCall,
    ToolSpec,
)
from folkmoot.llm.transport import Call

CLOCK = ToolSpec("clock", "Tells the time.", {"type": "object", "properties": {}})
TALK = [
    ChatMessage("system", "Be brief."),
    ChatMessage("user", "What time is it?"),
    ChatMessage("assistant", "", tool_calls=[ToolCall("c1", "clock", '{"zone":"UTC"}')]),
    ChatMessage("tool", "12:00", tool_call_id="c1"),
]
PICTURE = ImagePart(media_type="image/png", data=b"\x89PNG")
ELSEWHERE = ImagePart(media_type="image/png", url="https://example.org/a.png")
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"n": {"type": "integer"}}}


def call(kind: ProviderKind, request: ChatRequest, model: str = "some-model") -> Call:
    endpoint = ADAPTERS[kind].endpoint("p", ProviderConfig(kind, api_key="secret-key"))
    return ADAPTERS[kind].chat(endpoint).call(model, request)


def body(kind: ProviderKind, request: ChatRequest, model: str = "some-model") -> dict[str, Any]:
    decoded: dict[str, Any] = msgspec.json.decode(call(kind, request, model).body)
    return decoded


def test_a_talk_with_a_tool_in_openais_format() -> None:
    sent = body(ProviderKind.OPENAI, ChatRequest(messages=TALK, tools=[CLOCK]))
    assert sent == {
        "model": "some-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What time is it?"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "c1",
                        "type": "function",
                        "function": {"name": "clock", "arguments": '{"zone":"UTC"}'},
                    }
                ],
            },
            {"role": "tool", "content": "12:00", "tool_call_id": "c1"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "clock",
                    "description": "Tells the time.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ],
        "tool_choice": "auto",
    }


def test_a_talk_with_a_tool_in_anthropics_format() -> None:
    sent = body(ProviderKind.ANTHROPIC, ChatRequest(messages=TALK, tools=[CLOCK]))
    assert sent == {
        "model": "some-model",
        "max_tokens": 8192,
        "stream": True,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "What time is it?"}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "tool_use", "id": "c1", "name": "clock", "input": {"zone": "UTC"}}
                ],
            },
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "c1",
                        "content": [{"type": "text", "text": "12:00"}],
                    }
                ],
            },
        ],
        "tools": [
            {
                "name": "clock",
                "description": "Tells the time.",
                "input_schema": {"type": "object", "properties": {}},
            }
        ],
        "tool_choice": {"type": "auto"},
    }


def test_a_talk_with_a_tool_in_googles_format() -> None:
    answered = {"id": "c1", "name": "clock", "response": {"output": "12:00"}}
    sent = body(ProviderKind.GOOGLE, ChatRequest(messages=TALK, tools=[CLOCK]), "gemini-2.0-flash")
    assert sent == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "What time is it?"}]},
            {
                "role": "model",
                "parts": [
                    {
                        "functionCall": {"id": "c1", "name": "clock", "args": {"zone": "UTC"}},
                        "thoughtSignature": "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
                    }
                ],
            },
            {"role": "user", "parts": [{"functionResponse": answered}]},
        ],
        "tools": [
            {
                "functionDeclarations": [
                    {
                        "name": "clock",
                        "description": "Tells the time.",
                        "parametersJsonSchema": {"type": "object", "properties": {}},
                    }
                ]
            }
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
    }


def test_a_talk_with_a_tool_in_ollamas_format() -> None:
    sent = body(ProviderKind.OLLAMA, ChatRequest(messages=TALK, tools=[CLOCK]))
    assert sent["messages"][2:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "c1",
                    "function": {"index": 0, "name": "clock", "arguments": {"zone": "UTC"}},
                }
            ],
        },
        {"role": "tool", "content": "12:00", "tool_call_id": "c1", "tool_name": "clock"},
    ]
    assert sent["tools"][0]["function"]["name"] == "clock"


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


def test_a_picture_goes_as_bytes_or_by_its_address() -> None:
    said = ChatMessage("user", [TextPart("Look"), PICTURE, ELSEWHERE])
    request = ChatRequest(messages=[said])
    assert body(ProviderKind.OPENAI, request)["messages"][0]["content"] == [
        {"type": "text", "text": "Look"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
        {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
    ]
    assert body(ProviderKind.ANTHROPIC, request)["messages"][0]["content"][1:] == [
        {
            "type": "image",
            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw=="},
        },
        {"type": "image", "source": {"type": "url", "url": "https://example.org/a.png"}},
    ]
    assert body(ProviderKind.GOOGLE, request)["contents"][0]["parts"][1:] == [
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw=="}},
        {"fileData": {"mimeType": "image/png", "fileUri": "https://example.org/a.png"}},
    ]
    shown = ChatRequest(messages=[ChatMessage("user", [TextPart("Look"), PICTURE])])
    assert body(ProviderKind.OLLAMA, shown)["messages"][0] == {
        "role": "user",
        "content": "Look",
        "images": ["iVBORw=="],
    }


def test_ollama_can_not_be_sent_the_address_of_a_picture() -> None:
    with pytest.raises(ModelRejected, match="as bytes"):
        call(ProviderKind.OLLAMA, ChatRequest(messages=[ChatMessage("user", [ELSEWHERE])]))


def test_a_schema_for_the_answer() -> None:
    request = ChatRequest(messages=TALK[:2], response_schema=SCHEMA)
    openai = body(ProviderKind.OPENAI, request)["response_format"]["json_schema"]
    assert openai == {"name": "answer", "schema": SCHEMA, "strict": False}
    anthropic = body(ProviderKind.ANTHROPIC, request)["output_config"]["format"]
    assert anthropic == {
        "type": "json_schema",
        "schema": {**SCHEMA, "additionalProperties": False},
    }
    google = body(ProviderKind.GOOGLE, request)["generationConfig"]
    assert google["responseMimeType"] == "application/json"
    assert google["responseJsonSchema"] == SCHEMA
    assert body(ProviderKind.OLLAMA, request)["format"] == SCHEMA


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
    assert body(ProviderKind.ANTHROPIC, named)["tool_choice"] == {"type": "tool", "name": "clock"}
    assert body(ProviderKind.ANTHROPIC, required)["tool_choice"] == {"type": "any"}
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


def test_the_mark_of_a_call_goes_back_to_the_provider_that_made_it_and_to_no_other() -> None:
    thought = '[{"type":"thinking","thinking":"Hm.","signature":"s"}]'
    of_anthropic = ToolCall("a", "clock", "{}", f"anthropic:{thought}")
    of_google = ToolCall("a", "clock", "{}", "google:c2ln")
    broken = ToolCall("a", "clock", "{}", "anthropic:{")

    def sent(kind: ProviderKind, made: ToolCall) -> str:
        talk = [ChatMessage("assistant", "Wait.", tool_calls=[made])]
        return call(kind, ChatRequest(messages=talk)).body.decode()

    assert '"content":[{"type":"thinking","thinking":"Hm.","signature":"s"},{"type":"text"' in sent(
        ProviderKind.ANTHROPIC, of_anthropic
    )
    assert '"thoughtSignature":"c2ln"' in sent(ProviderKind.GOOGLE, of_google)
    assert "c2ln" not in sent(ProviderKind.ANTHROPIC, of_google)
    assert "Hm." not in sent(ProviderKind.GOOGLE, of_anthropic)
    assert "thinking" not in sent(ProviderKind.ANTHROPIC, broken)
    assert "Hm." not in sent(ProviderKind.OPENAI, of_anthropic)


def test_the_name_of_a_model_can_not_leave_its_place_in_the_address() -> None:
    made = call(ProviderKind.GOOGLE, ChatRequest(messages=TALK), "../../x?y=#")
    assert made.url.endswith("/v1beta/models/..%2F..%2Fx%3Fy%3D%23:streamGenerateContent?alt=sse")
