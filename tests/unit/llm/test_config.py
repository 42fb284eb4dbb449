import pytest

from folkmoot.llm.config import ProviderConfig, ProviderKind, ollama_address, standard_providers


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:11434", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        (":1234", "http://127.0.0.1:1234"),
        ("gpu.internal", "http://gpu.internal:11434"),
        ("https://ollama.example/", "https://ollama.example"),
        ("http://host:80", "http://host:80"),
        ("[::]:11434", "http://[::1]:11434"),
    ],
)
def test_ollama_host_may_lack_scheme_and_port(host: str, address: str) -> None:
    assert ollama_address(host) == address


def test_a_provider_is_there_when_its_key_is() -> None:
    assert standard_providers() == {}
    everything = standard_providers(
        openai_api_key="a", anthropic_api_key="b", google_api_key="c", ollama_host="d"
    )
    assert list(everything) == ["openai", "anthropic", "google", "ollama"]


def test_a_provider_that_comes_as_python_is_added_or_takes_the_place_of_another() -> None:
    providers = standard_providers(openai_api_key="a", langchain={"own": "b:c", "openai": "d:e"})
    assert {name: each.kind for name, each in providers.items()} == dict.fromkeys(
        ("openai", "own"), ProviderKind.LANGCHAIN
    )
    assert providers["own"].path == "b:c"


def test_a_compatible_server_needs_an_address_but_no_key() -> None:
    providers = standard_providers(openai_base_url="http://localhost:8000/v1")
    assert providers["openai"].base_url == "http://localhost:8000/v1"


def test_a_key_is_not_shown() -> None:
    assert "secret" not in repr(ProviderConfig(ProviderKind.OPENAI, api_key="secret"))
