"""Models as whoever asks may use them: with their own keys, where they have some."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from folkmoot.kit.errors import AppError
from folkmoot.kit.subject import Subject
from folkmoot.llm.keys import SECRETS, Keyring
from folkmoot.llm.observed import ObservedChatModel
from folkmoot.llm.port import ChatModel, Embedder
from folkmoot.llm.registry import Models
from folkmoot.llm.resilience.chain import AWAY, UNUSABLE, Chain
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
            ModelCircuitOpen, ModelBusy: whichever is asked would refuse at once.
        """
        scope, wanted = await self.scope(subject), name or self.models.default

        def get(named: str) -> ObservedChatModel:
            return scope.chat(named).asked_by(subject.org_id)

        if not fallbacks:
            model = get(wanted)
            model.demand()
            return model
        names = (wanted, *fallbacks)
        _demand_any(names, get)
        return Chain(names, get)

    async def lacking(self, subject: Subject, names: Iterable[str], ability: str) -> str | None:
        """Return the first of these models that cannot do something; None if all of them can.

        Raises:
            SecretStoreUnavailable: nobody can tell with which keys they would be asked.
        """
        scope = await self.scope(subject)
        for name in names:
            if ability not in await self.models.abilities(scope, name):
                return name
        return None

    @property
    def settled(self) -> bool:
        """Whether the embedder in use is not about to be replaced by one that is being fetched."""
        return self.models.settled

    async def embedder(self, subject: Subject, name: str | None = None) -> Embedder:
        """Return the embedder in use, or the one of that name; fails as `chat` does."""
        return (await self.scope(subject)).embedder(name, subject.org_id)

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


def _demand_any(names: Sequence[str], get: Callable[[str], ObservedChatModel]) -> None:
    """Fail as the first model does if none of them can be asked now."""
    failure: AppError | None = None
    for place, name in enumerate(names):
        try:
            get(name).demand()
        except AWAY as error:
            failure = failure or error
        except UNUSABLE:
            if place == 0:
                raise
        else:
            return
    if failure is not None:
        raise failure
