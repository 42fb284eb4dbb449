"""Which models there are and whether their providers answer.

What a provider has said counts for a quarter of an hour for everybody who asks with the same key.
Then it is asked again in the background, and what it said before is shown meanwhile.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from weakref import WeakKeyDictionary

import msgspec

from folkmoot.kit import clock
from folkmoot.llm.abilities import abilities
from folkmoot.llm.config import ModelsConfig, ProviderConfig
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.connection.transport import Transport
from folkmoot.llm.errors import ModelError
from folkmoot.llm.names import EXTRACTIVE, HASH, LOCAL, OFFLINE
from folkmoot.llm.providers.adapters import ADAPTERS
from folkmoot.llm.resilience.lines import Line
from folkmoot.llm.scope import Scope

FRESH: Final = 15 * 60.0  # seconds
ILL: Final = 60.0  # seconds after which one that did not answer is asked again
PATIENCE: Final = 5.0  # seconds


ModelKind = Literal["chat", "embedding", "rerank"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that can be asked for by `name`, which is `provider:model`."""

    name: str
    kind: ModelKind
    capabilities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """What a provider said when it was last asked for its models; `error` if it did not."""

    provider: str
    healthy: bool
    models: Sequence[ModelInfo]
    checked_at: datetime
    error: str | None = None


@dataclass(slots=True)
class _Known:
    """What a provider said, when, and whether it is being asked."""

    said: ProviderHealth | None = None
    asked_at: float = 0.0
    asking: "asyncio.Task[ProviderHealth] | None" = None

    @property
    def old(self) -> bool:
        lasts = FRESH if self.said is None or self.said.healthy else ILL
        return clock.monotonic() - self.asked_at > lasts


class Listing:
    """Asks each provider with each key at most once in a while."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._known: WeakKeyDictionary[Line, _Known] = WeakKeyDictionary()
        self._asking: set[asyncio.Task[ProviderHealth]] = set()

    async def providers(self, scope: Scope) -> Sequence[ProviderHealth]:
        """Return what is known of all providers of a scope; never fails."""
        asked = (self._one(scope, *item) for item in scope.config.providers.items())
        return [_offline(), *_local(scope.config), *await asyncio.gather(*asked)]

    async def abilities(self, scope: Scope, name: str) -> tuple[str, ...]:
        """Return what a model can do; never fails, and waits for its provider a moment at most."""
        owner = name.partition(":")[0]
        provider = scope.config.providers.get(owner)
        if provider is not None:
            health = await self._one(scope, owner, provider)
            for model in health.models:
                if model.name == name:
                    return model.capabilities
        return abilities(scope.config, name)

    async def aclose(self) -> None:
        """Ask no more."""
        for task in tuple(self._asking):
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def _one(self, scope: Scope, name: str, provider: ProviderConfig) -> ProviderHealth:
        known = self._known.setdefault(scope.line_to(name), _Known())
        if known.asking is None and (known.said is None or known.old):
            asking = self._ask(known, scope.config, name, provider)
            known.asking = asyncio.get_running_loop().create_task(asking)
            self._asking.add(known.asking)
            known.asking.add_done_callback(self._asking.discard)
        if known.said is None and known.asking is not None:
            return await asyncio.shield(known.asking)
        return known.said or _ill(name, "It was not asked.")

    async def _ask(
        self, known: _Known, config: ModelsConfig, name: str, provider: ProviderConfig
    ) -> ProviderHealth:
        try:
            known.said = await self._asked(config, name, provider)
            known.asked_at = clock.monotonic()
        finally:
            known.asking = None
        return known.said

    async def _asked(
        self, config: ModelsConfig, name: str, provider: ProviderConfig
    ) -> ProviderHealth:
        adapter = ADAPTERS.get(provider.kind)
        if adapter is None:  # a plug-in has no list
            return ProviderHealth(name, healthy=True, models=(), checked_at=clock.now())
        wire = adapter.models(adapter.endpoint(name, provider))
        try:
            body = await self._transport.fetch(wire.call(), Deadline(PATIENCE))
            found = sorted(wire.read(body), key=lambda each: each.name)
        except ModelError as error:
            return _ill(name, error.detail)
        except msgspec.DecodeError:
            return _ill(name, "The list of models can not be read.")
        models = [_model(config, f"{name}:{each.name}", each.told) for each in found]
        return ProviderHealth(name, healthy=True, models=models, checked_at=clock.now())


def _ill(provider: str, error: str) -> ProviderHealth:
    return ProviderHealth(provider, healthy=False, models=(), checked_at=clock.now(), error=error)


def _model(config: ModelsConfig, name: str, told: Mapping[str, bool]) -> ModelInfo:
    own = name.partition(":")[2].lower()
    if "rerank" in own:
        return ModelInfo(name, "rerank")
    if "embed" in own:
        return ModelInfo(name, "embedding")
    return ModelInfo(name, "chat", abilities(config, name, told))


def _local(config: ModelsConfig) -> list[ProviderHealth]:
    """Return the rerankers on this machine, as one provider, if the operator has named some."""
    named = sorted({name for name in config.local_rerankers if name.startswith(f"{LOCAL}:")})
    models = [ModelInfo(name, "rerank") for name in named]
    here = ProviderHealth(LOCAL, healthy=True, models=models, checked_at=clock.now())
    return [here] if models else []


def _offline() -> ProviderHealth:
    models = (ModelInfo(EXTRACTIVE, "chat", ("streaming",)), ModelInfo(HASH, "embedding"))
    return ProviderHealth(OFFLINE, healthy=True, models=models, checked_at=clock.now())
