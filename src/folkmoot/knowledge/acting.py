"""Acting for the deployment where somebody says who may read what they cannot read themselves."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from folkmoot.db.work import Work
from folkmoot.http.access import TeamNotFound
from folkmoot.identity.errors import MemberNotFound
from folkmoot.kit.subject import NOBODY

ACT_AS: Final = text("SELECT set_config('app.user', :user, true)")


@asynccontextmanager
async def for_the_deployment(work: Work) -> AsyncGenerator[None]:
    """Let row-level security take the subject for the deployment; a failure ends that, too.

    It is for whoever says who may read something without being able to read it.

    Raises:
        MemberNotFound: Somebody who is let in has left in this moment.
        TeamNotFound: A team that is has gone.
    """
    try:
        async with work.session.begin_nested():
            await work.session.execute(ACT_AS, {"user": str(NOBODY)})
            yield
            await work.session.execute(ACT_AS, {"user": str(work.subject.user_id)})
    except IntegrityError as error:
        raise _gone(error) from None


def _gone(error: IntegrityError) -> Exception:
    """Return what has become of whom a row names, if that is what the database found wrong."""
    broken = error.orig
    if isinstance(broken, psycopg.errors.ForeignKeyViolation):
        name = broken.diag.constraint_name or ""
        if name.endswith("_org_id_user_id"):
            return MemberNotFound()
        if name.endswith("_org_id_team_id"):
            return TeamNotFound()
    return error
