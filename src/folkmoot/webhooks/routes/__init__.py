"""REST endpoints of webhooks."""

from fastapi import APIRouter

from folkmoot.webhooks.routes import delivered, endpoints
from folkmoot.webhooks.routes.described import describe
from folkmoot.webhooks.service import Webhooks

__all__ = ["describe", "router"]


def router(hooks: Webhooks) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    routes.include_router(endpoints.router(hooks))
    routes.include_router(endpoints.kinds())
    routes.include_router(delivered.router())
    return routes
