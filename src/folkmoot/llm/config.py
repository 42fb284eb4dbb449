"""What the gateway has to be told. Plain values: nothing here reads the environment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Final

from folkmoot.settings.providers import OpenAIFormat

OPENAI: Final = "https://api.openai.com/v1"
ANTHROPIC: Final = "https://api.anthropic.com"
GOOGLE: Final = "https://generativelanguage.googleapis.com"
OLLAMA: Final = "http://127.0.0.1:11434"
COHERE: Final = "https://api.cohere.com"
JINA: Final = "https://api.jina.ai/v1"
VOYAGE: Final = "https://api.voyageai.com/v1"
OLLAMA_PORT: Final = 11434
AUTO: Final = "auto"
LOCAL_EMBEDDER: Final = "sentence-transformers/all-MiniLM-L6-v2"


class ProviderKind(StrEnum):
    """The wire format a provider speaks, or `langchain` for a model that comes as Python.

    From `cohere` to `tei` they are those of rerankers, which do nothing else here.
    """

    OPENAI = "openai"
    RESPONSES = "responses"
    ANTHROPIC = "anthropic"
    GOOGLE = "google"
    OLLAMA = "ollama"
    COHERE = "cohere"
    JINA = "jina"
    VOYAGE = "voyage"
    VLLM = "vllm"
    TEI = "tei"
    LANGCHAIN = "langchain"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds.

    Attributes:
        connect: Until the connection stands.
        first_token: From the request to the first piece of the answer.
        idle: Between two reads after that.
        total: For the whole call with its retries; also the longest a Retry-After is waited for.
        embed: For one batch of texts.
    """

    connect: float = 10.0
    first_token: float = 60.0
    idle: float = 60.0
    total: float = 600.0
    embed: float = 60.0


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed call is repeated, and the first and the longest pause (s) in between."""

    attempts: int = 3
    first_pause: float = 0.5
    longest_pause: float = 20.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many calls are made to a provider at a time with one key, by one process.

    Attributes:
        places: Calls at a time.
        waiting: Calls of one organisation that wait for a place.
        patience: Seconds that one waits.
    """

    places: int = 2_000
    waiting: int = 1_000
    patience: float = 30.0


@dataclass(frozen=True, slots=True)
class Tripping:
    """When a breaker opens: after so many failures in a row, for so many seconds at first.

    `trying` is for how long the one call that tries may take; then another may.
    """

    failures: int = 5
    rest: float = 10.0
    trying: float = 70.0


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """One provider; the name it is configured under is the prefix of its models.

    Attributes:
        kind: Its wire format.
        base_url: Where it lives; None for the provider's own public address.
        api_key: None for servers that want none.
        path: For `langchain`: dotted path `package.module:name` of a chat model, of embeddings, or
            of a callable that takes the model's name and returns either.
    """

    kind: ProviderKind
    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What an operator says of a model, or of all whose names begin so (`model` ends with `*`).

    Attributes:
        model: `provider:name`.
        taken: Whether it has an ability; None leaves it to be found out.
    """

    model: str
    taken: Mapping[str, bool | None]

    def fits(self, name: str) -> bool:
        """Whether this is about a model of that name."""
        beginning = self.model.removesuffix("*")
        return name == self.model or (beginning != self.model and name.startswith(beginning))


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """The whole gateway.

    Attributes:
        providers: By name.
        default_model: `provider:name`; None for the offline model, with a notice.
        embedding_model: `auto`, or `provider:name`.
        abilities: What models take, whatever anybody else says.
        openai_format: What is spoken with providers of the kind `openai`.
        cache_dir: Where a local embedding model is kept.
        fetch_local_embedder: Whether `auto` may fetch one from the network.
        local_embedder_idle: Seconds after which the process of a local model ends.
        local_rerankers: Names of the local models that may put passages in order.
        digest_key: What the digests are made with by which processes tell keys apart.
    """

    providers: Mapping[str, ProviderConfig] = field(default_factory=dict[str, ProviderConfig])
    default_model: str | None = None
    embedding_model: str = AUTO
    openai_format: OpenAIFormat = OpenAIFormat.AUTO
    abilities: Sequence[Told] = ()
    cache_dir: Path | None = None
    fetch_local_embedder: bool = True
    local_embedder_idle: float = 60.0
    local_rerankers: Sequence[str] = ()
    timeouts: Timeouts = Timeouts()
    retries: Retries = Retries()
    bounds: Bounds = Bounds()
    tripping: Tripping = Tripping()
    digest_key: bytes = field(default=b"", repr=False)


def standard_providers(
    *,
    openai_api_key: str | None = None,
    openai_base_url: str | None = None,
    anthropic_api_key: str | None = None,
    google_api_key: str | None = None,
    ollama_host: str | None = None,
    cohere_api_key: str | None = None,
    jina_api_key: str | None = None,
    voyage_api_key: str | None = None,
    rerankers: Mapping[str, ProviderConfig] | None = None,
    langchain: Mapping[str, str] | None = None,
) -> dict[str, ProviderConfig]:
    """Return the providers that the well-known settings configure, and those that are plugged in.

    An OpenAI-compatible server at an address of its own may do without a key.
    """
    providers: dict[str, ProviderConfig] = {}
    if openai_api_key or openai_base_url:
        providers["openai"] = ProviderConfig(ProviderKind.OPENAI, openai_base_url, openai_api_key)
    if anthropic_api_key:
        providers["anthropic"] = ProviderConfig(ProviderKind.ANTHROPIC, None, anthropic_api_key)
    if google_api_key:
        providers["google"] = ProviderConfig(ProviderKind.GOOGLE, None, google_api_key)
    if ollama_host:
        providers["ollama"] = ProviderConfig(ProviderKind.OLLAMA, ollama_address(ollama_host))
    ranking_keys = {
        ProviderKind.COHERE: cohere_api_key,
        ProviderKind.JINA: jina_api_key,
        ProviderKind.VOYAGE: voyage_api_key,
    }
    for kind, key in ranking_keys.items():
        if key:
            providers[kind] = ProviderConfig(kind, None, key)
    providers |= rerankers or {}
    for name, path in (langchain or {}).items():
        providers[name] = ProviderConfig(ProviderKind.LANGCHAIN, path=path)
    return providers


def ollama_address(host: str) -> str:
    """Return the URL that OLLAMA_HOST means: it may lack the scheme, the port, or both.

    A server that listens everywhere (0.0.0.0) is reached on the loopback.
    """
    scheme, separator, rest = host.strip().rstrip("/").rpartition("://")
    scheme = scheme if separator else "http"
    name, colon, port = rest.rpartition(":")
    if not colon or not port.isdigit():
        name, port = rest, "" if separator else str(OLLAMA_PORT)
    return f"{scheme}://{_reachable(name)}" + (f":{port}" if port else "")


def _reachable(host: str) -> str:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return host or "127.0.0.1"
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if isinstance(address, IPv4Address) else "[::1]"
