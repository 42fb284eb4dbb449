"""Which adapter speaks which format, and how a configured provider becomes an endpoint."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from folkmoot.llm import config
from folkmoot.llm.config import ProviderConfig, ProviderKind
from folkmoot.llm.providers import anthropic, google, ollama, openai, responses
from folkmoot.llm.providers.endpoint import Endpoint
from folkmoot.llm.providers.wire import ChatWire, EmbeddingWire, ModelsWire
from folkmoot.settings.providers import OpenAIFormat

EVERYTHING: Final = ("streaming", "tools", "structured_output", "images", "files", "reasoning")
"""What models can do, in the order in which it is listed."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """One wire format.

    Attributes:
        address: Where its inventor serves it.
        open: Whether it is served without a key, too.
        suffix: The end of the path that users add to the address or leave out.
        embedder: The model that `auto` takes for embeddings.
    """

    address: str
    open: bool
    headers: Callable[[str | None], Mapping[str, str]]
    chat: Callable[[Endpoint], ChatWire]
    models: Callable[[Endpoint], ModelsWire]
    embeddings: Callable[[Endpoint], EmbeddingWire] | None = None
    embedder: str | None = None
    suffix: str = ""

    def endpoint(self, name: str, provider: ProviderConfig) -> Endpoint:
        """Return the endpoint of a provider that is configured under that name."""
        address = (provider.base_url or self.address).strip().rstrip("/")
        key = provider.api_key.strip() if provider.api_key else None
        return Endpoint(name, address.removesuffix(self.suffix), self.headers(key))


OPENAI: Final = Adapter(
    address=config.OPENAI,
    open=False,
    headers=openai.headers,
    chat=openai.OpenAIChat,
    models=openai.OpenAIModels,
    embeddings=openai.OpenAIEmbeddings,
    embedder="text-embedding-3-small",
)
ADAPTERS: Final[Mapping[ProviderKind, Adapter]] = {
    ProviderKind.OPENAI: OPENAI,
    ProviderKind.RESPONSES: replace(OPENAI, chat=responses.ResponsesChat),
    ProviderKind.ANTHROPIC: Adapter(
        address=config.ANTHROPIC,
        open=False,
        headers=anthropic.headers,
        chat=anthropic.AnthropicChat,
        models=anthropic.AnthropicModels,
        suffix="/v1",
    ),
    ProviderKind.GOOGLE: Adapter(
        address=config.GOOGLE,
        open=False,
        headers=google.headers,
        chat=google.GoogleChat,
        models=google.GoogleModels,
        embeddings=google.GoogleEmbeddings,
        embedder="gemini-embedding-001",
        suffix="/v1beta",
    ),
    ProviderKind.OLLAMA: Adapter(
        address=config.OLLAMA,
        open=True,
        headers=ollama.headers,
        chat=ollama.OllamaChat,
        models=ollama.OllamaModels,
        embeddings=ollama.OllamaEmbeddings,
        suffix="/api",
    ),
}


def chatting(provider: ProviderConfig, wanted: OpenAIFormat) -> Adapter:
    """Return the adapter for chats with a provider; OpenAI has two formats for them."""
    if provider.kind is not ProviderKind.OPENAI or wanted is OpenAIFormat.CHAT:
        return ADAPTERS[provider.kind]
    address = OPENAI.endpoint(provider.kind, provider).base_url
    own = wanted is OpenAIFormat.RESPONSES or address == config.OPENAI
    return ADAPTERS[ProviderKind.RESPONSES if own else ProviderKind.OPENAI]
