"""Keys and addresses of model providers, and what is spoken with them."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from folkmoot.kit.schema import Schema

ProviderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
DottedPath = Annotated[str, Field(pattern=r"^\w+(\.\w+)*:\w+$")]


class OpenAIFormat(StrEnum):
    """Which of OpenAI's formats is spoken with the provider of that name.

    Everybody speaks chat completions. `auto` speaks Responses with OpenAI itself, where its newer
    models show what they think and are given it back, and with others what they all know.
    """

    AUTO = "auto"
    RESPONSES = "responses"
    CHAT = "chat"


class RerankFormat(StrEnum):
    """What is asked of a server that puts passages in order.

    Jina's format is spoken by most others, too: LiteLLM, Infinity, LocalAI. With vLLM it says
    besides that long passages are to be cut, and Text Embeddings Inference (TEI) has its own.
    """

    COHERE = "cohere"
    JINA = "jina"
    VOYAGE = "voyage"
    VLLM = "vllm"
    TEI = "tei"


class RerankServer(Schema):
    """A server that puts passages in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ProviderName = Field(description="What stands before the colon in its models' names.")
    format: RerankFormat = Field(
        default=RerankFormat.JINA,
        description="What it speaks: `jina` as LiteLLM, Infinity and most others do, `vllm`, `tei` "
        "(Text Embeddings Inference), `cohere` or `voyage`.",
    )
    base_url: str = Field(
        description="Its address up to `/rerank`; with Cohere's format up to `/v2/rerank`."
    )
    api_key: SecretStr | None = Field(default=None, description="Its key, if it wants one.")


class Providers(Schema):
    """Keys and addresses of model providers; each has a well-known environment name too."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openai_api_key: SecretStr | None = Field(default=None, description="Key of OpenAI.")
    openai_base_url: str | None = Field(
        default=None,
        description="Address of any server that speaks OpenAI's API; it may do without a key.",
    )
    openai_format: OpenAIFormat = Field(
        default=OpenAIFormat.AUTO,
        description="What is spoken with it: `responses`, `chat` (completions), which all servers "
        "know, or `auto`, which is Responses with OpenAI itself and chat completions with others.",
    )
    anthropic_api_key: SecretStr | None = Field(default=None, description="Key of Anthropic.")
    google_api_key: SecretStr | None = Field(default=None, description="Key of Google's Gemini.")
    ollama_host: str | None = Field(
        default=None, description="Address of Ollama; it is found on this machine by itself."
    )
    cohere_api_key: SecretStr | None = Field(
        default=None, description="Key of Cohere, whose models put passages in order."
    )
    jina_api_key: SecretStr | None = Field(
        default=None, description="Key of Jina, whose models put passages in order."
    )
    voyage_api_key: SecretStr | None = Field(
        default=None, description="Key of Voyage, whose models put passages in order."
    )
    rerankers: Annotated[list[RerankServer], Field(max_length=100)] = Field(
        default_factory=list[RerankServer],
        description="Servers of your own that put passages in order; each with the settings below."
        " As a variable, in YAML or JSON.",
    )
    local_rerankers: list[str] = Field(
        default_factory=list[str],
        description="Cross-encoders that organisations may have put passages in order on this "
        "machine, as fastembed:NAME: names that fastembed knows, which are fetched when they are "
        "first asked, or directories (an ONNX model and its tokenizer). The one that "
        "`defaults.retrieval.rerank_model` names is among them.",
    )
    langchain: dict[ProviderName, DottedPath] = Field(
        default_factory=dict[str, str],
        description="A provider that comes as Python, by a name for it: a function that takes a "
        "model's name and returns LangChain's chat model or embeddings.",
    )
