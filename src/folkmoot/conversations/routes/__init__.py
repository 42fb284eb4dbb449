"""REST endpoints of conversations."""

from fastapi import APIRouter

from folkmoot.conversations.routes import branches, conversations, messages
from folkmoot.db.work import Database


def router(database: Database) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    for part in (conversations.router, messages.router, branches.router(database)):
        routes.include_router(part)
    return routes
