"""REST endpoint for models."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter
from pydantic import Field

from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import PageCursor, PageLimit
from folkmoot.http.problems import documented
from folkmoot.kit.page import Asked, Page, cut
from folkmoot.kit.schema import Schema
from folkmoot.kit.subject import Subject
from folkmoot.llm.gateway import Gateway
from folkmoot.llm.listing import ModelInfo, ModelKind, ProviderHealth
from folkmoot.llm.names import LOCAL, OFFLINE
from folkmoot.llm.notices import Notice
from folkmoot.llm.resilience.breakers import Circuit
from folkmoot.llm.scope import Scope
from folkmoot.settings.errors import SecretStoreUnavailable
from folkmoot.settings.groups import Models as ModelsGroup
from folkmoot.settings.service import Settings

LISTING: Final = "models"
RESTING: Final = "Its provider failed again and again and is left alone for a while."

Sort = Literal["name", "-name"]
Notices = Callable[[Subject], Awaitable[Sequence[Notice]]]


class ModelRead(Schema):
    """A model that can be asked for by its name."""

    name: str = Field(description="`provider:model`", examples=["offline:extractive"])
    provider: str = Field(examples=["offline"])
    kind: ModelKind
    capabilities: list[str] = Field(examples=[["streaming"]])
    is_default: bool = Field(
        description="Whether it answers you when no model is named, as your settings have it."
    )
    healthy: bool = Field(
        description="Whether its provider answers and is not left alone, and it answered when it"
        " was last asked."
    )
    error: str | None = Field(description="What is wrong with it.", examples=[None])


class ProviderRead(Schema):
    """What a provider said when it was last asked for its models."""

    provider: str = Field(examples=["openai"])
    healthy: bool
    error: str | None = Field(examples=[None])
    checked_at: datetime
    own_key: bool = Field(description="Whether it is asked with a key from your secrets.")
    circuit: Circuit = Field(
        description="`open` while it is left alone because it failed again and again."
    )


class NoticeRead(Schema):
    """Something that works, but less well than it could."""

    code: str = Field(examples=["no_model"])
    text: str = Field(examples=["No language model is configured."])


class ModelList(Page[ModelRead]):
    """The models of this deployment, at most 15 minutes old, and what is known of all of them."""

    providers: list[ProviderRead]
    notices: list[NoticeRead]


async def nothing(_subject: Subject) -> Sequence[Notice]:
    """Return no notices."""
    return ()


def router(gateway: Gateway, settings: Settings, notices: Notices = nothing) -> APIRouter:
    """Return the routes; `notices` tells what else the caller should know."""
    routes = APIRouter(prefix="/models", tags=["models"])

    @routes.get(
        "",
        dependencies=[require("models:read")],
        responses=documented(SecretStoreUnavailable),
    )
    async def list_models(
        subject: CurrentSubject,
        provider: str | None = None,
        kind: ModelKind | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 100,
        sort: Sort = "name",
    ) -> ModelList:
        """List the models that you can use with your keys, and whether their providers answer.

        One that does not is told by itself and keeps nothing from the others.
        """
        models, scope = gateway.models, await gateway.scope(subject)
        found = await models.available(scope)
        answering = (await settings.of(subject)).values(ModelsGroup).answering
        wanted = (
            model
            for model in _known(scope, found, answering or models.default)
            if provider in {None, model.provider} and kind in {None, model.kind}
        )
        page = cut(LISTING, wanted, Asked(sort, limit, cursor), lambda model: model.name)
        return ModelList(
            items=page.items,
            next_cursor=page.next_cursor,
            providers=[_provider(scope, each) for each in found],
            notices=[
                NoticeRead(code=each.code, text=each.text)
                for each in (*models.notices(), *await notices(subject))
            ],
        )

    return routes


def _circuit(scope: Scope, provider: str) -> Circuit:
    here = provider in {LOCAL, OFFLINE}
    return Circuit.CLOSED if here else scope.line_to(provider).breaker.state


def _provider(scope: Scope, each: ProviderHealth) -> ProviderRead:
    return ProviderRead(
        provider=each.provider,
        healthy=each.healthy,
        error=each.error,
        checked_at=each.checked_at,
        own_key=each.provider in scope.own,
        circuit=_circuit(scope, each.provider),
    )


def _known(scope: Scope, found: Sequence[ProviderHealth], default: str) -> list[ModelRead]:
    """Return all models, also the default one if its provider does not list it, as some do not."""
    known = [
        _read(scope, model, each, default=model.name == default)
        for each in found
        for model in each.models
    ]
    if any(model.is_default for model in known):
        return known
    name = default.partition(":")[0]
    owner = next((each for each in found if each.provider == name), None)
    return [_read(scope, ModelInfo(default, "chat"), owner, default=True), *known]


def _read(
    scope: Scope, model: ModelInfo, owner: ProviderHealth | None, *, default: bool
) -> ModelRead:
    provider = model.name.partition(":")[0]
    error = owner.error if owner is not None else None
    error = error or scope.outcomes.failure(model.name)
    if error is None and owner is not None and _circuit(scope, provider) is Circuit.OPEN:
        error = RESTING
    return ModelRead(
        name=model.name,
        provider=provider,
        kind=model.kind,
        capabilities=list(model.capabilities),
        is_default=default,
        healthy=error is None,
        error=error,
    )
