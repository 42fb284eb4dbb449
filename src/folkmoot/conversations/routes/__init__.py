"""REST endpoints of conversations."""

from fastapi import APIRouter

from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.routes import (
    attachments as sent,
)
from folkmoot.conversations.routes import (
    branches,
    conversations,
    files,
    listing,
    messages,
    shares,
    waiting,
)
from folkmoot.conversations.terms import Terms


def router(attachments: Attachments, public_url: str, terms: Terms) -> APIRouter:
    """Return the routes; `public_url` is where people reach the console."""
    routes, database = APIRouter(), attachments.database
    for part in (
        listing.router(database, terms),
        listing.tags,
        conversations.router,
        messages.router,
        messages.feedback,
        waiting.router,
        branches.router(database),
        files.router(attachments),
        shares.router(public_url),
        shares.public(attachments),
        sent.router(attachments),
    ):
        routes.include_router(part)
    return routes
