"""REST endpoints of conversations."""

from fastapi import APIRouter

from folkmoot.conversations.routes import (
    branches,
    conversations,
    files,
    listing,
    messages,
    shares,
    waiting,
)
from folkmoot.conversations.routes.attachments import router as attachments
from folkmoot.conversations.terms import Terms
from folkmoot.db.work import Database

__all__ = ["attachments", "router"]


def router(database: Database, public_url: str, terms: Terms) -> APIRouter:
    """Return the routes; `public_url` is where people reach the console."""
    routes = APIRouter()
    for part in (
        listing.router(database, terms),
        listing.tags,
        conversations.router,
        messages.router,
        messages.feedback,
        waiting.router,
        branches.router(database),
        files.router(database),
        shares.router(public_url),
        shares.public(database),
    ):
        routes.include_router(part)
    return routes
