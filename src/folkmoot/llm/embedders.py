"""Choosing the embedder, once and for all texts: vectors of different ones can not be compared.

`auto` takes what is there: a provider with a key at its own address, else a local model that is
cached, else the offline one with a notice, while a local model is fetched in the background. Who
stores vectors stores the embedder's name with them and asks for it by that name later.
"""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from folkmoot.llm import loading
from folkmoot.llm.config import (
    AUTO,
    LOCAL_EMBEDDER,
    ModelsConfig,
    ProviderConfig,
    ProviderKind,
)
from folkmoot.llm.connection.transport import Transport
from folkmoot.llm.errors import ModelError, ModelUnknown
from folkmoot.llm.langchain.plugins import plugged_in
from folkmoot.llm.local.embedder import LocalEmbedder
from folkmoot.llm.names import HASH, LOCAL, known, parsed, provider
from folkmoot.llm.notices import Notice
from folkmoot.llm.offline.hashing import HashEmbedder
from folkmoot.llm.over_http.embedding import HttpEmbedder
from folkmoot.llm.port import Embedder
from folkmoot.llm.providers.adapters import ADAPTERS

log = structlog.get_logger(__name__)

FETCH_DELAY: Final = 5.0
"""Seconds: the server's own start comes first."""

HASHING: Final = Notice(
    "embedder_offline",
    "Texts are compared by spelling only: no embedding model is configured and no local one is at "
    "hand. Set an embedding model (openai:…, google:…, ollama:…, fastembed:…) for better answers.",
)
FETCHING: Final = Notice(
    "embedder_fetching",
    "A local embedding model is being fetched. Until it is here, texts are compared by spelling.",
)


class Embedders:
    """All embedders of one gateway."""

    def __init__(self, config: ModelsConfig, transport: Transport) -> None:
        self._config = config
        self._transport = transport
        self._made: dict[str, Embedder] = {}
        self._local: dict[str, LocalEmbedder] = {}
        self._fetch: asyncio.Task[None] | None = None
        self._fetched = False

    def get(self, name: str | None) -> Embedder:
        """Return the embedder of that name, or the one to use for new texts.

        Raises:
            ModelUnknown: no configured provider has embeddings of that name.
            ModelKeyMissing: its provider is not configured.
            ModelNotLoaded: it comes as Python, and that fails.
        """
        wanted = self.meant(name)
        if wanted not in self._made:
            self._made[wanted] = self._make(wanted)
        return self._made[wanted]

    def meant(self, name: str | None) -> str:
        """Return the name of the embedder that is meant at this moment."""
        wanted = name or self._config.embedding_model
        return self.chosen() if wanted == AUTO else wanted

    def chosen(self) -> str:
        """Return the name that `auto` stands for at this moment."""
        if self._config.embedding_model != AUTO:
            return self._config.embedding_model
        for name, configured in self._config.providers.items():
            if embedder := _own(configured):
                return f"{name}:{embedder}"
        local = f"{LOCAL}:{LOCAL_EMBEDDER}"
        return local if self._fetched or self._is_cached() else HASH

    @property
    def fetching(self) -> bool:
        """Whether a local model is being fetched."""
        return self._fetch is not None and not self._fetch.done()

    def notices(self) -> list[Notice]:
        if self._config.embedding_model != AUTO or self.chosen() != HASH:
            return []
        return [FETCHING if self.fetching else HASHING]

    def start(self) -> None:
        """Begin to fetch a local model if `auto` would take it; returns at once."""
        if self._config.embedding_model != AUTO or not self._config.fetch_local_embedder:
            return
        if self._config.cache_dir is not None and self.chosen() == HASH:
            self._fetch = asyncio.get_running_loop().create_task(self._fetch_local())

    async def aclose(self) -> None:
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.gather(self._fetch, return_exceptions=True)
        await asyncio.gather(*(embedder.aclose() for embedder in self._local.values()))

    async def _fetch_local(self) -> None:
        name = f"{LOCAL}:{LOCAL_EMBEDDER}"
        await asyncio.sleep(FETCH_DELAY)
        embedder = self._make_local(LOCAL_EMBEDDER)
        try:
            await embedder.load()
        except ModelError as error:
            log.info("embedder.not_fetched", reason=error.detail)
            return
        self._made[name] = embedder
        self._fetched = True
        log.info("embedder.fetched", name=name)

    def _make(self, wanted: str) -> Embedder:
        if wanted == HASH:
            return HashEmbedder()
        name = parsed(wanted, self._config)
        if name.provider == LOCAL:
            return self._make_local(name.model)
        configured = provider(self._config, name)
        if configured.kind is ProviderKind.LANGCHAIN:
            bridge, timeouts = loading.LANGCHAIN_EMBEDDING, self._config.timeouts
            plugged: Embedder = plugged_in(bridge, wanted, configured, timeouts)
            return plugged
        return over_http(wanted, self._config, self._transport)

    def _make_local(self, model: str) -> LocalEmbedder:
        if model not in self._local:
            self._local[model] = LocalEmbedder(
                model,
                cache_dir=self._config.cache_dir or Path(),
                fetch=self._config.fetch_local_embedder and self._config.cache_dir is not None,
                idle=self._config.local_embedder_idle,
                patience=self._config.timeouts.embed,
            )
        return self._local[model]

    def _is_cached(self) -> bool:
        """Look for the model where the hub's client puts it."""
        if self._config.cache_dir is None:
            return False
        name = LOCAL_EMBEDDER.rpartition("/")[2]
        pattern = f"models--*--{name}*/snapshots/*/*.onnx"
        return any(self._config.cache_dir.glob(pattern))


def over_http(wanted: str, config: ModelsConfig, transport: Transport) -> Embedder:
    """Return the embedder of a provider with an adapter.

    Raises:
        ModelUnknown: it has no embeddings, or there is no such provider.
        ModelKeyMissing: it is not configured.
    """
    name = parsed(wanted, config)
    configured = provider(config, name)
    adapter = ADAPTERS.get(configured.kind)
    if adapter is None or adapter.embeddings is None:
        raise ModelUnknown(wanted, known(config))
    wire = adapter.embeddings(adapter.endpoint(name.provider, configured))
    return HttpEmbedder(wanted, name.model, wire, transport, config.retries)


def _own(configured: ProviderConfig) -> str | None:
    """Return the embedder of a provider with a key, if it is at its own address.

    A server that only speaks OpenAI's format often has no embeddings.
    """
    adapter = ADAPTERS.get(configured.kind)
    if adapter is None or not configured.api_key:
        return None
    return adapter.embedder if configured.base_url in {None, adapter.address} else None
