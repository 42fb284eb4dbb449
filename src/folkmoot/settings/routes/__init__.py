"""REST endpoints of settings, to be mounted under `/api/v1`."""

from fastapi import APIRouter

from folkmoot.settings.logos import Logos
from folkmoot.settings.routes import features, logos, secrets, settings
from folkmoot.settings.secrets import Secrets
from folkmoot.settings.service import Settings


def router(service: Settings, kept: Secrets, pictures: Logos) -> APIRouter:
    """Return all of the slice's routes."""
    routes = APIRouter()
    routes.include_router(logos.router(pictures))
    routes.include_router(settings.router(service, pictures))
    routes.include_router(features.router(service.features))
    routes.include_router(secrets.router(kept))
    return routes
