"""The operator's way in: straight to this deployment's database, without a server or an account.

For whoever holds the deployment's configuration, and with it its secrets. What is done there is
done by the services that the API uses, as the role that the API uses.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from folkmoot import assembly, main
from folkmoot.cli.failures import Failure
from folkmoot.db.roles import Role
from folkmoot.db.work import Database
from folkmoot.identity import everyone
from folkmoot.identity.callers import callers
from folkmoot.identity.people import accounts
from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.service import Identity, IdentityOptions
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.kit.telemetry import logs
from folkmoot.main import Ground
from folkmoot.settings.deployment import Deployment, secret_values

T = TypeVar("T")


class NobodyToActFor(Failure):
    """There is no such user."""

    def __init__(self, email: str | None) -> None:
        hints = (
            "`folkmoot up` makes the first user, `folkmoot user create` any other.",
            "`folkmoot user list` shows who is there; --user chooses one.",
        )
        known = f"Nobody has the e-mail address {email} here."
        super().__init__(known if email else "Nobody has an account here yet.", hints=hints)


@dataclass(frozen=True, slots=True)
class Operator:
    """Identity's services on the database of a deployment."""

    ground: Ground
    identity: Identity

    async def subject(self, email: str | None = None, organization: UUID | None = None) -> Subject:
        """Return a user as they act in an organisation, by default in their oldest.

        Args:
            email: Who; by default the first user of the deployment.
            organization: Where.

        Raises:
            NobodyToActFor: There is no such user.
            OrganizationNotFound: They are no member there.
        """
        user_id = await self.user(email)
        place = OrgId(organization) if organization else None
        return await callers.by_user(self.identity.database, user_id, place)

    async def user(self, email: str | None = None) -> UserId:
        """Return a user, by default the first one of the deployment.

        Raises:
            NobodyToActFor: There is no such user.
        """
        user_id = await self._first() if email is None else await self._named(email)
        if user_id is None:
            raise NobodyToActFor(email)
        return user_id

    async def _named(self, email: str) -> UserId | None:
        user = await accounts.find(self.identity.database, email)
        return user.id if user else None

    async def _first(self) -> UserId | None:
        people = await everyone.people(self.identity.database, self.ground.place.owner, limit=1)
        return people[0].id if people else None


@asynccontextmanager
async def personal_data(here: Operator) -> AsyncGenerator[PersonalData]:
    """Lend what is kept of people, to be read."""
    parts = assembly.at_rest(here.ground)
    await parts.database.open()
    try:
        yield parts.personal
    finally:
        await parts.database.close()


def perform(
    act: Callable[[Operator], Awaitable[T]], *, data_dir: Path | None, config: Path | None
) -> T:
    """Do something in the deployment's database; start the embedded server for it if need be."""
    deployment = main.configuration(flags={"data_dir": data_dir}, file=config).deployment
    known = list(secret_values(deployment))
    logs.configure(level="WARNING", style=logs.Style.CONSOLE, known=known)
    demand_begun(deployment)
    ground = main.ground(deployment)
    try:
        ground.place.demand_ready()
        return asyncio.run(_perform(ground, act))
    finally:
        ground.place.close()


def demand_begun(deployment: Deployment) -> None:
    """Begin no deployment by mistake: a misspelt directory would get a database of its own."""
    directory = deployment.data_dir.expanduser()
    if deployment.database_url is None and not (directory / "postgres").exists():
        hints = (
            "`folkmoot up` begins one and serves, `folkmoot migrate` only makes its database.",
            "One elsewhere is named by --data-dir, FOLKMOOT_DATA_DIR or FOLKMOOT_DATABASE_URL.",
        )
        raise Failure(f"There is no deployment in {directory}.", hints=hints)


async def _perform(ground: Ground, act: Callable[[Operator], Awaitable[T]]) -> T:
    database = Database(ground.place.address(Role.APP))
    await database.open()
    try:
        options = IdentityOptions(secret_key=ground.secret_key)
        return await act(Operator(ground, Identity(database, options)))
    finally:
        await database.close()
