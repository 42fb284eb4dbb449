"""REST endpoints for collections, documents and searches."""

from fastapi import APIRouter

from folkmoot.knowledge.routes import (
    collections,
    documents,
    embeddings,
    pages,
    permissions,
    readings,
    searches,
)
from folkmoot.knowledge.service import Knowledge


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes of the slice."""
    routes = APIRouter()
    routes.include_router(collections.router(knowledge))
    routes.include_router(documents.router(knowledge))
    routes.include_router(pages.router(knowledge))
    routes.include_router(readings.router(knowledge))
    routes.include_router(permissions.router())
    routes.include_router(searches.router(knowledge))
    routes.include_router(embeddings.router(knowledge))
    return routes
