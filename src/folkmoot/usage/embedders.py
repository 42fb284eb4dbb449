"""Embedders for which somebody pays: the run that asks, or else whoever searches."""

from collections.abc import Sequence
from dataclasses import dataclass

from folkmoot.kit.subject import Subject
from folkmoot.llm.billing.paying import paid, paid_by
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.port import Embedder, EmbeddingKind, Vectors
from folkmoot.usage.accounts import Account, Accounts


@dataclass(frozen=True, slots=True)
class PaidEmbedders:
    """Hands out embedders whose calls are billed."""

    gateway: Gateway
    accounts: Accounts

    @property
    def embedding(self) -> str:
        """The name of the embedder in use; see `Gateway.embedding`."""
        return self.gateway.embedding

    @property
    def settled(self) -> bool:
        """Whether it stays in use; see `Gateway.settled`."""
        return self.gateway.settled

    async def embedder(self, subject: Subject, name: str | None = None) -> Embedder:
        """Return it, or another; fails as `Gateway.embedder` does."""
        return _Paid(await self.gateway.embedder(subject, name), self.accounts.of(subject))


@dataclass(frozen=True, slots=True)
class _Paid:
    """An embedder, and who pays where no run does."""

    embedder: Embedder
    account: Account

    @property
    def name(self) -> str:
        return self.embedder.name

    @property
    def dimensions(self) -> int | None:
        return self.embedder.dimensions

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        """Embed the texts; see `port.Embedder`."""
        if paid():
            return await self.embedder.embed(texts, kind=kind)
        with paid_by(self.account):
            return await self.embedder.embed(texts, kind=kind)
