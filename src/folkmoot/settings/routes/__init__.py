"""REST endpoints of settings, to be mounted under `/api/v1`."""

from fastapi import APIRouter

from folkmoot.settings.features import Features
from folkmoot.settings.routes import features, settings
from folkmoot.settings.service import Settings


def router(service: Settings, switched: Features) -> APIRouter:
    """Return all of the slice's routes."""
    routes = APIRouter()
    routes.include_router(settings.router(service))
    routes.include_router(features.router(switched))
    return routes
