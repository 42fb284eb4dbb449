"""Keys of providers that people bring along, as secrets with names that are agreed upon.

Such a key takes the place of the deployment's, at the address that the deployment names. No
address is taken from a secret: where requests go is the operator's to say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind

SECRETS: Final[Mapping[str, ProviderKind]] = {
    "openai_api_key": ProviderKind.OPENAI,
    "anthropic_api_key": ProviderKind.ANTHROPIC,
    "google_api_key": ProviderKind.GOOGLE,
    "cohere_api_key": ProviderKind.COHERE,
    "jina_api_key": ProviderKind.JINA,
    "voyage_api_key": ProviderKind.VOYAGE,
}
"""What a secret has to be called to be the key of a provider."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys that somebody brings along, by provider; those of `unreadable` do not open."""

    keys: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    unreadable: frozenset[str] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether only the deployment's keys count."""
        return not self.keys and not self.unreadable


EMPTY: Final = Keyring()


def with_keys(config: ModelsConfig, keyring: Keyring) -> ModelsConfig:
    """Return a configuration in which these keys stand in the place of the deployment's."""
    providers = dict(config.providers)
    for name, key in keyring.keys.items():
        before = providers.get(name, ProviderConfig(ProviderKind(name)))
        if before.kind == name:  # else the operator has given the name to something else
            providers[name] = replace(before, api_key=key)
    return replace(config, providers=providers)
