"""REST endpoint for models."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import PageCursor, PageLimit
from folkmoot.kit.page import Asked, Page, cut
from folkmoot.kit.subject import Subject
from folkmoot.llm.listing import ProviderHealth
from folkmoot.llm.notices import Notice
from folkmoot.llm.registry import Models

LISTING: Final = "models"

Sort = Literal["name", "-name"]
Kind = Literal["chat", "embedding"]
Notices = Callable[[Subject], Awaitable[Sequence[Notice]]]


class ModelRead(BaseModel):
    """A model that can be asked for by its name."""

    name: str = Field(description="`provider:model`", examples=["offline:extractive"])
    provider: str = Field(examples=["offline"])
    kind: Kind
    capabilities: list[str] = Field(examples=[["streaming"]])
    default: bool = Field(description="Whether it answers when no model is named.")


class ProviderRead(BaseModel):
    """What a provider said when it was last asked for its models."""

    provider: str = Field(examples=["openai"])
    healthy: bool
    error: str | None = Field(examples=[None])
    checked_at: datetime


class NoticeRead(BaseModel):
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


def router(models: Models, notices: Notices = nothing) -> APIRouter:
    """Return the routes; `notices` tells what else the caller should know."""
    routes = APIRouter(prefix="/models", tags=["models"])

    @routes.get("", dependencies=[require("models:read")])
    async def list_models(
        subject: CurrentSubject,
        provider: str | None = None,
        kind: Kind | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 100,
        sort: Sort = "name",
    ) -> ModelList:
        """List the models that can be used, and whether their providers answer."""
        found = await models.available()
        wanted = (
            model
            for model in _known(found, models.default)
            if provider in {None, model.provider} and kind in {None, model.kind}
        )
        page = cut(LISTING, wanted, Asked(sort, limit, cursor), lambda model: model.name)
        return ModelList(
            items=page.items,
            next_cursor=page.next_cursor,
            providers=[
                ProviderRead(
                    provider=each.provider,
                    healthy=each.healthy,
                    error=each.error,
                    checked_at=each.checked_at,
                )
                for each in found
            ],
            notices=[
                NoticeRead(code=each.code, text=each.text)
                for each in (*models.notices(), *await notices(subject))
            ],
        )

    return routes


def _known(found: Sequence[ProviderHealth], default: str) -> list[ModelRead]:
    """Return all models, also the default one if its provider does not list it, as some do not."""
    known = [
        ModelRead(
            name=model.name,
            provider=each.provider,
            kind=model.kind,
            capabilities=list(model.capabilities),
            default=model.name == default,
        )
        for each in found
        for model in each.models
    ]
    if any(model.default for model in known):
        return known
    provider = default.partition(":")[0]
    listed = ModelRead(name=default, provider=provider, kind="chat", capabilities=[], default=True)
    return [listed, *known]
