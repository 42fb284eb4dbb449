"""Keys and addresses of model providers, and what is spoken with them."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

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


class Providers(BaseModel):
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
    langchain: dict[ProviderName, DottedPath] = Field(
        default_factory=dict[str, str],
        description="A provider that comes as Python, by a name for it: a function that takes a "
        "model's name and returns LangChain's chat model or embeddings.",
    )
