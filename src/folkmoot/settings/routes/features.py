"""The REST endpoint that tells what is switched on."""

from fastapi import APIRouter

from folkmoot.http.access import SIGNED_IN
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.settings.features import Features
from folkmoot.settings.schemas import FeatureList, FeatureRead


def router(switched: Features) -> APIRouter:
    """Return the route."""
    routes = APIRouter(tags=["settings"])
    items = [
        FeatureRead(name=name, enabled=getattr(switched, name), description=field.description or "")
        for name, field in Features.model_fields.items()
    ]

    @routes.get(
        "/features",
        dependencies=[SIGNED_IN],
        responses=documented(NotSignedIn, OrganizationNotFound),
    )
    async def list_features() -> FeatureList:
        """List what the operator of this deployment has switched on and off."""
        return FeatureList(items=items, next_cursor=None)

    return routes
