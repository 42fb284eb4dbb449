"""From an outside token to the subject it acts for."""

from dataclasses import replace

from folkmoot.db.work import Database
from folkmoot.identity.callers import callers
from folkmoot.identity.callers.places import Asked
from folkmoot.identity.errors import OrganizationNotFound
from folkmoot.identity.oidc import people
from folkmoot.identity.oidc.issuer import Claims
from folkmoot.kit.subject import Subject


async def by_claims(database: Database, claims: Claims, asked: Asked) -> Subject:
    """Return the subject, who gets an account if they have none.

    A token that names an organisation is for that one alone, and for nothing that is the person's.

    Raises:
        NotSignedIn: They have no account and get none.
        OrganizationNotFound: They are no member there, or the token is for another one.
        TeamNotFound: They are not in the team asked for.
    """
    user_id, organization = await people.admit(database, claims)
    if organization is not None:
        if asked.organization not in {None, organization}:
            raise OrganizationNotFound
        asked = replace(asked, organization=organization)
    found = await callers.by_person(database, user_id, asked)
    return replace(found, bound=organization is not None)
