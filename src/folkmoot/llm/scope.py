"""The models as the keys of one scope open them: the deployment's, or those of whoever asks."""

from collections import OrderedDict
from typing import Final

from folkmoot.kit.ids import OrgId
from folkmoot.llm import loading
from folkmoot.llm.config import ModelsConfig, ProviderKind
from folkmoot.llm.connection.transport import Transport
from folkmoot.llm.embedders import Embedders, over_http
from folkmoot.llm.errors import ModelKeyMissing, ModelKeyRefused, ModelKeyUnreadable, ModelUnknown
from folkmoot.llm.keys import EMPTY, Keyring, with_keys
from folkmoot.llm.langchain.plugins import plugged_in
from folkmoot.llm.local.reranker import LocalRerankers
from folkmoot.llm.names import EXTRACTIVE, LOCAL, OFFLINE, Name, known, parsed, provider
from folkmoot.llm.observed import ObservedChatModel, ObservedEmbedder, ObservedReranker
from folkmoot.llm.offline.extractive import ExtractiveModel
from folkmoot.llm.over_http import reranking
from folkmoot.llm.over_http.chat import HttpChatModel
from folkmoot.llm.port import ChatModel, Embedder, Reranker
from folkmoot.llm.providers import adapters
from folkmoot.llm.providers.rerank import ONLY_RERANK
from folkmoot.llm.resilience.lines import Line, Lines
from folkmoot.llm.resilience.outcomes import Outcomes
from folkmoot.settings.searching import Reranking

REMEMBERED: Final = 256


class Scope:
    """Makes models and remembers the latest of them, and with them the keys they are asked with.

    It goes, with all of that, when nobody holds it any more.
    """

    def __init__(
        self,
        config: ModelsConfig,
        transport: Transport,
        embedders: Embedders,
        rerankers: LocalRerankers,
        lines: Lines,
        keyring: Keyring = EMPTY,
    ) -> None:
        self.config = with_keys(config, keyring)
        self.outcomes = Outcomes()
        self.own = keyring.keys.keys() | keyring.unreadable
        self._unreadable = keyring.unreadable
        self._transport = transport
        self._embedders = embedders
        self._rerankers = rerankers
        self._lines = lines
        self._held: dict[str, Line] = {}
        self._chats: OrderedDict[str, ObservedChatModel] = OrderedDict()
        self._embedding: OrderedDict[str, Embedder] = OrderedDict()

    def chat(self, name: str) -> ObservedChatModel:
        """Return a chat model. Asks no provider.

        Raises:
            ModelUnknown, ModelKeyMissing, ModelNotLoaded: as `registry.Models.chat`.
            ModelKeyUnreadable, ModelKeyRefused: the caller's key can not be used.
        """
        made = self._chats.get(name)
        if made is None:
            made = ObservedChatModel(self._make(name), self.outcomes, self.line(name))
            if len(self._chats) >= REMEMBERED:  # names come from users: do not keep them all
                self._chats.popitem(last=False)
            self._chats[name] = made
        return made

    def embedder(self, name: str | None = None, org_id: OrgId | None = None) -> Embedder:
        """Return an embedder, by default the one for new texts.

        Which one that is, is the deployment's to say: vectors of different ones do not compare.

        Raises:
            ModelUnknown, ModelKeyMissing, ModelNotLoaded: as `registry.Models.embedder`.
            ModelKeyUnreadable, ModelKeyRefused: the caller's key can not be used.
        """
        wanted = self._embedders.meant(name)
        if wanted.partition(":")[0] not in self.own:
            shared = self._embedders.get(wanted)
            return ObservedEmbedder(shared, self.outcomes, self.line(wanted), org_id)
        made = self._embedding.get(wanted)
        if made is None:
            self._demand_usable(wanted)
            made = over_http(wanted, self.config, self._transport)
            if len(self._embedding) >= REMEMBERED:
                self._embedding.popitem(last=False)
            self._embedding[wanted] = made
        return ObservedEmbedder(made, self.outcomes, self.line(wanted), org_id)

    def reranker(self, name: str, org_id: OrgId | None = None) -> Reranker:
        """Return what puts texts in order by a score for each.

        Raises:
            ModelUnknown, ModelKeyMissing: its provider has none, or is not configured.
            ModelRejected: it is a local one that the operator has not named.
            ModelKeyUnreadable, ModelKeyRefused: the caller's key can not be used.
        """
        made: Reranker
        if name.partition(":")[0] == LOCAL:
            made = self._rerankers.get(name)
        else:
            self._demand_usable(name)
            made = reranking.over_http(name, self.config, self._transport)
        return ObservedReranker(made, self.outcomes, self.line(name), org_id)

    def reranks(self, name: str) -> Reranking:
        """Return how a model puts texts in order, as its provider says."""
        owner = name.partition(":")[0]
        if owner == LOCAL:
            return Reranking.CROSS_ENCODER
        configured = self.config.providers.get(owner)
        kind = owner if configured is None else configured.kind
        return Reranking.ENDPOINT if kind in ONLY_RERANK else Reranking.CHAT

    def line(self, name: str) -> Line:
        """Return the line to the provider of a model; what is here already waits for nobody."""
        owner = name.partition(":")[0]
        if owner in {OFFLINE, LOCAL}:
            return self._lines.free
        return self.line_to(parsed(name, self.config).provider)

    def line_to(self, name: str) -> Line:
        """Return the line to a provider."""
        line = self._held.get(name)
        if line is None:
            configured = provider(self.config, Name(name, "any"))
            line = self._lines.get(name, configured, common=name not in self.own)
            self._held[name] = line
        return line

    def _make(self, wanted: str) -> ChatModel:
        if wanted == EXTRACTIVE:
            return ExtractiveModel()
        name = parsed(wanted, self.config)
        self._demand_usable(wanted)
        configured = provider(self.config, name)
        if configured.kind is ProviderKind.LANGCHAIN:
            bridge, timeouts = loading.LANGCHAIN_BRIDGE, self.config.timeouts
            plugged: ChatModel = plugged_in(bridge, wanted, configured, timeouts)
            return plugged
        if configured.kind in ONLY_RERANK:
            raise ModelUnknown(wanted, known(self.config))
        adapter = adapters.chatting(configured, self.config.openai_format)
        if not (adapter.open or configured.api_key or configured.base_url):
            raise ModelKeyMissing(name.provider, known(self.config))
        wire = adapter.chat(adapter.endpoint(name.provider, configured))
        return HttpChatModel(wanted, name.model, wire, self._transport, self.config.retries)

    def _demand_usable(self, wanted: str) -> None:
        """Fail if the key that somebody brings along does not open, or can be no key."""
        name = wanted.partition(":")[0]
        if name not in self.own:
            return
        if name in self._unreadable:
            raise ModelKeyUnreadable(wanted)
        key = self.config.providers[name].api_key or ""
        if not (key.strip().isascii() and key.strip().isprintable()):
            raise ModelKeyRefused(wanted)
