"""Which of its formats is spoken with a provider that has several."""

from enum import StrEnum


class OpenAIFormat(StrEnum):
    """Which of OpenAI's formats is spoken with the provider of that name.

    Everybody speaks chat completions. `auto` speaks Responses with OpenAI itself, where its newer
    models show what they think and are given it back, and with others what they all know.
    """

    AUTO = "auto"
    RESPONSES = "responses"
    CHAT = "chat"
