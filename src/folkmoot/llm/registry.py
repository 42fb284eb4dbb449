"""The models of one installation, by name."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from folkmoot.db.work import Database
from folkmoot.kit.errors import AppError, Unavailable
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.connection.transport import Transport
from folkmoot.llm.embedders import Embedders
from folkmoot.llm.keys import EMPTY, Keyring
from folkmoot.llm.listing import Listing, ProviderHealth
from folkmoot.llm.local.reranker import LocalRerankers
from folkmoot.llm.names import EXTRACTIVE, known
from folkmoot.llm.notices import Notice
from folkmoot.llm.port import ChatModel, Embedder
from folkmoot.llm.resilience import sharing
from folkmoot.llm.resilience.breakers import Breakers
from folkmoot.llm.resilience.lines import Lines
from folkmoot.llm.scope import Scope
from folkmoot.runs.hub import Hearer

NO_MODEL: Final = Notice(
    "model_offline",
    "No language model is configured: answers are quoted from documents by offline:extractive. "
    "Set a default model (openai:…, anthropic:…, google:…, ollama:…) to change that.",
)


class Models:
    """Hands out chat models and embedders; they share one pool of connections.

    Models are cheap and hold nothing of a request. Made without a loop; `start` and everything
    that asks a model needs one.
    """

    def __init__(self, config: ModelsConfig) -> None:
        self._config = config
        self._transport = Transport(config.timeouts)
        self._embedders = Embedders(config, self._transport)
        self._rerankers = LocalRerankers(config)
        self._listing = Listing(self._transport)
        self._lines = Lines(config)
        self.own = self._scope(EMPTY)

    @property
    def default(self) -> str:
        """The name of the model that answers when none is named."""
        return self._config.default_model or EXTRACTIVE

    @property
    def embedding(self) -> str:
        """The name of the embedder for new texts."""
        return self._embedders.chosen()

    @property
    def settled(self) -> bool:
        """Whether no better embedder is being fetched."""
        return not self._embedders.fetching

    @property
    def breakers(self) -> Breakers:
        """What stands before providers that fail again and again."""
        return self._lines.breakers

    @property
    def providers(self) -> list[str]:
        """The names of the providers that are configured."""
        return list(self._config.providers)

    def chat(self, name: str | None = None) -> ChatModel:
        """Return a chat model, by default the default one. Asks no provider.

        Raises:
            ModelUnknown: the name is malformed or its provider is none of the configured.
            ModelKeyMissing: the provider is known, but not configured.
            ModelNotLoaded: it comes as Python, and that fails.
        """
        return self.own.chat(name or self.default)

    def embedder(self, name: str | None = None) -> Embedder:
        """Return an embedder, by default the one for new texts.

        Raises:
            ModelUnknown: the name is malformed or no configured provider has embeddings.
            ModelKeyMissing: the provider is known, but not configured.
            ModelNotLoaded: it comes as Python, and that fails.
        """
        return self.own.embedder(name)

    def scope(self, keyring: Keyring) -> Scope:
        """Return the models as these keys open them, and the deployment's where there is none."""
        if keyring.empty:
            return self.own
        return self._scope(keyring)

    def names(self) -> list[str]:
        """Return the providers that can be used in names."""
        return known(self._config)

    def notices(self) -> list[Notice]:
        """Return what an operator should be told."""
        own = [] if self._config.default_model else [NO_MODEL]
        return [*own, *self._unusable(), *self._embedders.notices()]

    async def available(self, scope: Scope | None = None) -> Sequence[ProviderHealth]:
        """Return the models of all providers and their health; what is old is being asked anew."""
        return await self._listing.providers(scope or self.own)

    async def abilities(self, scope: Scope, name: str) -> tuple[str, ...]:
        """Return what a model can do, as far as anybody knows."""
        return await self._listing.abilities(scope, name)

    async def ping_chat(self) -> None:
        """Fail if the default model can not be asked or lately did not answer. Asks no provider."""
        self.chat()
        self.own.outcomes.demand(self.default)

    async def ping_embedder(self) -> None:
        """Fail if the embedder can not be asked or lately did not answer. Asks no provider."""
        self.embedder()
        self.own.outcomes.demand(self.embedding)

    async def ping_providers(self) -> None:
        """Fail if a provider is left alone because it failed again and again.

        Raises:
            Unavailable: one is; the detail names all of them.
        """
        resting = sorted({each.provider for each in self.breakers.opened()})
        if resting:
            raise Unavailable(f"Left alone after failures: {', '.join(resting)}.")

    def share(self, database: Database, channels: dict[str, Hearer]) -> None:
        """Let processes tell each other which providers they leave alone.

        Args:
            database: What they are told through.
            channels: Where somebody listens for this process.
        """
        self.breakers.sharing = sharing.PostgresSharing(database)
        channels[sharing.CHANNEL] = partial(sharing.hear, self.breakers)

    def start(self) -> None:
        """Begin what goes on in the background; returns at once."""
        self._embedders.start()

    async def aclose(self) -> None:
        """End processes and connections; calls that are under way fail."""
        await self._listing.aclose()
        await self._lines.breakers.aclose()
        await self._embedders.aclose()
        await self._rerankers.aclose()
        await self._transport.aclose()

    def _scope(self, keyring: Keyring) -> Scope:
        made = (self._config, self._transport, self._embedders, self._rerankers, self._lines)
        return Scope(*made, keyring)

    def _unusable(self) -> Iterator[Notice]:
        for code, get in (("model_unusable", self.chat), ("embedder_unusable", self.embedder)):
            try:
                get()
            except AppError as error:
                yield Notice(code, error.detail)
