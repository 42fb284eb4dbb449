"""Whoever is taken out of an organisation while they act in it."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg
from sqlalchemy.exc import IntegrityError

from folkmoot.identity.errors import OrganizationNotFound

OF_A_MEMBER: Final = "_org_id_user_id"
"""How the foreign keys are called that lead to memberships."""


@contextmanager
def demand_member() -> Generator[None]:
    """Answer who stores something of their own and is no member any more like anybody who is none.

    Another process may take them for a member for some seconds; their place in the database is the
    one that counts.

    Raises:
        OrganizationNotFound: They have left or been removed.
    """
    try:
        yield
    except IntegrityError as error:
        broken = error.orig
        if isinstance(broken, psycopg.errors.ForeignKeyViolation) and (
            broken.diag.constraint_name or ""
        ).endswith(OF_A_MEMBER):
            raise OrganizationNotFound from None
        raise
