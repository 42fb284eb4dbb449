"""Model names: `provider:name`, where the name is the provider's own and may hold colons."""

import re
from typing import Final, NamedTuple

from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind
from folkmoot.llm.errors import ModelKeyMissing, ModelUnknown

OFFLINE: Final = "offline"
EXTRACTIVE: Final = "offline:extractive"
HASH: Final = "offline:hash"
LOCAL: Final = "fastembed"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}:[A-Za-z0-9/~.][\w./:@+~ -]{0,255}")


NEED_KEYS: Final = frozenset(
    {
        ProviderKind.OPENAI,
        ProviderKind.ANTHROPIC,
        ProviderKind.GOOGLE,
        ProviderKind.COHERE,
        ProviderKind.JINA,
        ProviderKind.VOYAGE,
    }
)


class Name(NamedTuple):
    provider: str
    model: str


def parsed(name: str, config: ModelsConfig) -> Name:
    """Split a name.

    Raises:
        ModelUnknown: it is not of this form.
    """
    if not NAME.fullmatch(name):
        raise ModelUnknown(name, known(config))
    provider, _, model = name.partition(":")
    return Name(provider, model)


def known(config: ModelsConfig) -> list[str]:
    """Return the providers that can stand in a name."""
    return [*config.providers, LOCAL, OFFLINE]


def provider(config: ModelsConfig, name: Name) -> ProviderConfig:
    """Return how a provider is configured; Ollama on this machine needs no configuration.

    Raises:
        ModelUnknown: there is no such provider.
        ModelKeyMissing: it exists, but needs a key that is not configured.
    """
    configured = config.providers.get(name.provider)
    if configured is not None:
        return configured
    if name.provider == ProviderKind.OLLAMA:
        return ProviderConfig(ProviderKind.OLLAMA)
    if name.provider in NEED_KEYS:
        raise ModelKeyMissing(name.provider, known(config))
    raise ModelUnknown(":".join(name), known(config))
