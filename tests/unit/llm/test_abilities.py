"""What models can do, by whoever says it."""

from typing import Any

import msgspec
import pytest

from folkmoot.llm.abilities import abilities
from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind, Told
from folkmoot.llm.providers.adapters import ADAPTERS

PROVIDERS = {
    "openai": ProviderConfig(ProviderKind.OPENAI, api_key="k"),
    "responses": ProviderConfig(ProviderKind.RESPONSES, api_key="k"),
    "server": ProviderConfig(ProviderKind.OPENAI, "http://localhost:8000/v1"),
    "anthropic": ProviderConfig(ProviderKind.ANTHROPIC, api_key="k"),
    "google": ProviderConfig(ProviderKind.GOOGLE, api_key="k"),
    "plugged": ProviderConfig(ProviderKind.LANGCHAIN, path="a:b"),
}


def taken(config: ModelsConfig, name: str, **told: bool) -> set[str]:
    return {"images", "files"} & set(abilities(config, name, told))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("openai:gpt-5.6", {"images", "files"}),
        ("responses:o3", {"images", "files"}),
        ("openai:gpt-4", set()),
        ("openai:o3-mini", set()),
        ("server:gpt-4o", {"images"}),  # of others' models names say little
        ("anthropic:claude-opus-5", {"images", "files"}),
        ("anthropic:claude-3-haiku-20240307", {"images"}),
        ("google:gemini-3-pro", {"images", "files"}),
        ("google:gemma-3", {"images"}),
        ("ollama:llava", {"images"}),
        ("plugged:any", {"images"}),
        ("offline:extractive", set()),
    ],
)
def test_names_say_what_models_take_where_nobody_else_does(name: str, expected: set[str]) -> None:
    assert taken(ModelsConfig(providers=PROVIDERS), name) == expected


def test_an_operator_counts_more_than_a_provider_and_a_provider_more_than_a_name() -> None:
    said = [
        Told("server:*", {"images": False, "files": None}),
        Told("server:llava*", {"images": True, "files": True}),
    ]
    config = ModelsConfig(providers=PROVIDERS, abilities=said)
    assert taken(config, "anthropic:claude-opus-5", files=False) == {"images"}
    assert taken(config, "server:x", images=True, files=True) == {"files"}
    assert taken(config, "server:llava-2", images=False) == {"images", "files"}
    assert "reasoning" not in abilities(config, "server:x", {"reasoning": False})


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        (
            ProviderKind.ANTHROPIC,
            {
                "data": [
                    {
                        "id": "m",
                        "type": "model",
                        "capabilities": {
                            "image_input": {"supported": True},
                            "pdf_input": {"supported": False},
                            "thinking": {"supported": True, "types": {}},
                        },
                    }
                ]
            },
            {"images": True, "files": False, "reasoning": True},
        ),
        (
            ProviderKind.OPENAI,
            {"data": [{"id": "m", "architecture": {"input_modalities": ["text", "file"]}}]},
            {"images": False, "files": True},
        ),
        (ProviderKind.OPENAI, {"data": [{"id": "m", "object": "model"}]}, {}),
        (
            ProviderKind.GOOGLE,
            {"models": [{"name": "models/m", "thinking": False}]},
            {"reasoning": False},
        ),
        (
            ProviderKind.OLLAMA,
            {"models": [{"name": "m", "capabilities": ["completion", "vision"]}]},
            {"images": True, "tools": False, "reasoning": False},
        ),
        (ProviderKind.OLLAMA, {"models": [{"name": "m"}]}, {}),
    ],
)
def test_lists_of_models_tell_what_these_can_do(
    kind: ProviderKind, body: Any, told: dict[str, bool]
) -> None:
    adapter = ADAPTERS[kind]
    wire = adapter.models(adapter.endpoint("p", ProviderConfig(kind)))
    (listed,) = wire.read(msgspec.json.encode(body))
    assert (listed.name, dict(listed.told)) == ("m", told)
