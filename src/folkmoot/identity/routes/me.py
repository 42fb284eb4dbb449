"""The REST endpoint that tells callers who they are."""

from fastapi import APIRouter

from folkmoot.http.access import SIGNED_IN, CurrentSubject, TeamNotFound
from folkmoot.http.problems import documented
from folkmoot.identity import accounts, organizations, teams
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.identity.schemas import Me
from folkmoot.identity.service import Identity

SHOWN = 100


def router(identity: Identity) -> APIRouter:
    """Return the route."""
    routes = APIRouter(tags=["me"])

    @routes.get(
        "/me",
        dependencies=[SIGNED_IN],
        responses=documented(NotSignedIn, OrganizationNotFound, TeamNotFound),
    )
    async def read_me(subject: CurrentSubject) -> Me:
        """Read who you are, where you act and what you may do there."""
        async with identity.database.personal_work(subject.user_id) as work:
            user = await accounts.get(work, subject.user_id)
            theirs = await organizations.browse(work, subject, cursor=None, limit=SHOWN)
            places = await teams.own(work, subject)
        return Me(
            id=user.id,
            email=user.email,
            name=user.name,
            organization_id=subject.org_id,
            team_id=subject.team_id,
            organizations=theirs,
            teams=list(places),
            permissions=sorted(subject.permissions),
        )

    return routes
