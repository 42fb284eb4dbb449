"""Which models there are and whether their providers answer."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec

from folkmoot.kit import clock
from folkmoot.llm.adapters import ADAPTERS
from folkmoot.llm.config import ModelsConfig, ProviderConfig
from folkmoot.llm.deadline import Deadline
from folkmoot.llm.errors import ModelError
from folkmoot.llm.names import EXTRACTIVE, HASH, OFFLINE
from folkmoot.llm.transport import Transport

FRESH: Final = 15 * 60.0  # seconds
PATIENCE: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be asked for by `name`, which is `provider:model`."""

    name: str
    kind: Literal["chat", "embedding"]
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """What a provider said when it was last asked for its models; `error` if it did not."""

    provider: str
    healthy: bool
    models: Sequence[ModelInfo]
    checked_at: datetime
    error: str | None = None


class Listing:
    """Asks every provider at most once in a quarter of an hour."""

    def __init__(self, config: ModelsConfig, transport: Transport) -> None:
        self._config = config
        self._transport = transport
        self._known: list[ProviderHealth] = []
        self._asked_at: float | None = None
        self._turn = asyncio.Lock()

    async def providers(self) -> Sequence[ProviderHealth]:
        """Return what is known of all providers; never fails."""
        async with self._turn:
            now = clock.monotonic()
            if self._asked_at is None or now - self._asked_at > FRESH:
                asked = (self._ask(*item) for item in self._config.providers.items())
                self._known = [_offline(), *await asyncio.gather(*asked)]
                self._asked_at = now
            return self._known

    async def _ask(self, name: str, provider: ProviderConfig) -> ProviderHealth:
        adapter = ADAPTERS.get(provider.kind)
        if adapter is None:  # a plug-in has no list
            return ProviderHealth(name, healthy=True, models=(), checked_at=clock.now())
        wire = adapter.models(adapter.endpoint(name, provider))
        try:
            body = await self._transport.fetch(wire.call(), Deadline(PATIENCE))
            names = sorted(wire.read(body))
        except ModelError as error:
            return _ill(name, error.detail)
        except msgspec.DecodeError:
            return _ill(name, "The list of models can not be read.")
        models = [_model(name, model, adapter.capabilities) for model in names]
        return ProviderHealth(name, healthy=True, models=models, checked_at=clock.now())


def _ill(provider: str, error: str) -> ProviderHealth:
    return ProviderHealth(provider, healthy=False, models=(), checked_at=clock.now(), error=error)


def _model(provider: str, model: str, capabilities: tuple[str, ...]) -> ModelInfo:
    if "embed" in model.lower():
        return ModelInfo(f"{provider}:{model}", "embedding")
    return ModelInfo(f"{provider}:{model}", "chat", capabilities)


def _offline() -> ProviderHealth:
    models = (ModelInfo(EXTRACTIVE, "chat", ("streaming",)), ModelInfo(HASH, "embedding"))
    return ProviderHealth(OFFLINE, healthy=True, models=models, checked_at=clock.now())
