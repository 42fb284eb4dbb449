"""REST endpoints of settings, to be mounted under `/api/v1`."""

from fastapi import APIRouter

from folkmoot.settings.routes import features, secrets, settings
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings


def router(service: Settings, kept: Secrets) -> APIRouter:
    """Return all of the slice's routes."""
    routes = APIRouter()
    routes.include_router(settings.router(service))
    routes.include_router(features.router(service.features))
    routes.include_router(secrets.router(kept))
    return routes
