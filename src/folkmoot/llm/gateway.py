"""Models as whoever asks may use them: with their own keys, where they have some."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from folkmoot.kit.subject import Subject
from folkmoot.llm.chain import AWAY, Chain
from folkmoot.llm.keys import SECRETS, Keyring
from folkmoot.llm.port import ChatModel, Embedder
from folkmoot.llm.registry import Models
from folkmoot.llm.scope import Scope
from folkmoot.settings.cache import Cache, Changes
from folkmoot.settings.errors import SecretUnreadable
from folkmoot.settings.scopes import who

LIFETIME: Final = 150.0
"""Seconds after which keys are asked for again: a store elsewhere tells nobody of changes."""


class Vault(Protocol):
    """Where the keys are kept."""

    async def held(self, subject: Subject, names: Iterable[str]) -> Sequence[str]:
        """Return under which of these names there is one for a subject."""
        ...

    async def resolve(self, subject: Subject, name: str) -> str | None:
        """Return the one that counts for a subject."""
        ...


class Gateway:
    """Hands out models to subjects. Who is remembered costs no query.

    Args:
        models: The models of the deployment.
        vault: The secrets of its organisations, teams and users.
        changes: Who tells when these change.
    """

    def __init__(self, models: Models, vault: Vault, changes: Changes) -> None:
        self.models = models
        self._vault = vault
        self._scopes: Cache[Scope] = Cache(changes, lifetime=LIFETIME)

    @property
    def embedding(self) -> str:
        """The name of the embedder in use, the same for everybody.

        Raises:
            ModelUnknown, ModelKeyMissing, ModelNotLoaded: it can not be used.
        """
        return self.models.embedder().name

    async def chat(
        self, subject: Subject, name: str | None = None, fallbacks: Sequence[str] = ()
    ) -> ChatModel:
        """Return a chat model, by default the deployment's default one. Asks no provider.

        Args:
            subject: Who asks.
            name: `provider:name`.
            fallbacks: The models that answer where it is not available, in order.

        Raises:
            ModelUnknown, ModelKeyMissing, ModelNotLoaded: as `registry.Models.chat`.
            ModelKeyUnreadable, ModelKeyRefused: the caller's own key can not be used.
            SecretStoreUnavailable: nobody can tell which key counts.
        """
        scope, wanted = await self.scope(subject), name or self.models.default
        if not fallbacks:
            return scope.chat(wanted)
        with suppress(*AWAY):  # those to fall back to may answer
            scope.chat(wanted)
        return Chain((wanted, *fallbacks), scope.chat)

    async def embedder(self, subject: Subject) -> Embedder:
        """Return the embedder in use; fails as `chat` does."""
        return (await self.scope(subject)).embedder()

    async def scope(self, subject: Subject) -> Scope:
        """Return the models as the subject's keys open them.

        Raises:
            SecretStoreUnavailable: nobody can tell which keys these are.
        """
        whose = who(subject)
        return self._scopes.fresh(whose) or await self._scopes.get(
            whose, lambda: self._open(subject)
        )

    async def _open(self, subject: Subject) -> Scope:
        keys: dict[str, str] = {}
        unreadable: set[str] = set()
        for name in await self._vault.held(subject, SECRETS):
            try:
                key = await self._vault.resolve(subject, name)
            except SecretUnreadable:  # paying with another key would be somebody else's money
                unreadable.add(SECRETS[name])
            else:
                keys |= {SECRETS[name]: key} if key is not None else {}
        return self.models.scope(Keyring(keys, frozenset(unreadable)))
