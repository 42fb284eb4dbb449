"""What a model can do: as the operator says, else as its provider tells, else by its name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from folkmoot.llm.config import ModelsConfig, ProviderConfig, ProviderKind
from folkmoot.llm.names import EXTRACTIVE
from folkmoot.llm.providers import facts
from folkmoot.llm.providers.adapters import ADAPTERS, EVERYTHING

STREAMING: Final = ("streaming",)
NOTHING: Final[Mapping[str, bool]] = MappingProxyType({})


def abilities(
    config: ModelsConfig, name: str, told: Mapping[str, bool] = NOTHING
) -> tuple[str, ...]:
    """Return what a model can do.

    Args:
        config: What is configured.
        name: `provider:model`.
        told: What its provider tells of it.
    """
    if name == EXTRACTIVE:
        return STREAMING
    owner, _, model = name.partition(":")
    provider = config.providers.get(owner, ProviderConfig(ProviderKind.OLLAMA))
    taken = facts.takes(_form(provider), model, own=_is_own(provider))
    can = {each: each in taken or each not in {"images", "files"} for each in EVERYTHING}
    return tuple(each for each, is_so in (can | {**told} | _said(config, name)).items() if is_so)


def _form(provider: ProviderConfig) -> str:
    return "openai" if provider.kind is ProviderKind.RESPONSES else provider.kind


def _is_own(provider: ProviderConfig) -> bool:
    """Whether a provider is the inventor of its format."""
    adapter = ADAPTERS.get(provider.kind)
    if adapter is None:
        return False
    return adapter.endpoint(provider.kind, provider).base_url == adapter.address


def _said(config: ModelsConfig, name: str) -> dict[str, bool]:
    """Return what the operator says of a model; the longest name that fits counts most."""
    said: dict[str, bool] = {}
    for each in sorted(config.abilities, key=lambda each: len(each.model)):
        if each.fits(name):
            said |= {ability: is_so for ability, is_so in each.taken.items() if is_so is not None}
    return said
