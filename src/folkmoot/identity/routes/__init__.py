"""REST endpoints of identity, to be mounted under `/api/v1`."""

from fastapi import APIRouter

from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.routes import (
    api_keys,
    auth,
    console,
    invitations,
    me,
    members,
    oidc,
    organizations,
    passwords,
    personal,
    platform,
    service_accounts,
    sessions,
    teams,
)
from folkmoot.identity.service import Identity


def router(identity: Identity, kept: PersonalData) -> APIRouter:
    """Return all of identity's routes."""
    routes = APIRouter()
    for part in (
        auth,
        console,
        oidc,
        passwords,
        me,
        sessions,
        organizations,
        members,
        invitations,
        api_keys,
        service_accounts,
        teams,
        platform,
    ):
        routes.include_router(part.router(identity))
    routes.include_router(personal.router(identity, kept))
    return routes
