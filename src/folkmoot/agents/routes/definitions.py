"""REST endpoints for the agents that organisations make."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Path, Query

from folkmoot.agents import diff, service
from folkmoot.agents.content import AgentContent
from folkmoot.agents.errors import (
    AgentNotFound,
    AgentUnusable,
    SlugTaken,
    TooManyAgents,
    VersionNotFound,
)
from folkmoot.agents.labels import Label
from folkmoot.agents.making import Agents
from folkmoot.agents.models import AgentVersion
from folkmoot.agents.schemas import (
    AgentCreate,
    AgentDetails,
    AgentUpdate,
    Publication,
    VersionDiff,
    VersionRead,
)
from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.page import Asked, Page

MISSING: Final = documented(AgentNotFound)
NO_VERSION: Final = documented(AgentNotFound, VersionNotFound)

READ: Final = require("agents:read")
WRITE: Final = require("agents:write")

AgentName = Annotated[str, Path(max_length=100, description="An id or a slug.")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number of a version.")]
Against = Annotated[int, Query(ge=1, le=2**31 - 1, description="The version to compare it with.")]
Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"]


def router(agents: Agents) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/agents", tags=["agents"], route_class=Idempotent)
    _add_reading(routes)
    _add_making(routes, agents)
    _add_ending(routes, agents)
    _add_versions(routes)
    _add_publishing(routes, agents)
    return routes


def _add_reading(routes: APIRouter) -> None:
    @routes.get("", dependencies=[READ])
    async def list_own_agents(
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "name",
    ) -> Page[AgentDetails]:
        """List the agents that your organisation has made, by name unless asked otherwise."""
        found = await service.browse(work, Asked(sort, limit, cursor), words=q)
        return found.page(await service.all_shown(work, found.rows))

    @routes.get("/{agent_id}", dependencies=[READ], responses=MISSING)
    async def read_agent(agent_id: AgentName, work: OpenWork, etags: Etags) -> AgentDetails:
        """Read one agent as its newest version is."""
        shown = await service.shown(work, await service.get(work, agent_id))
        etags.show(shown)
        return shown


def _add_making(routes: APIRouter, agents: Agents) -> None:
    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[WRITE],
        responses=documented(SlugTaken, TooManyAgents, AgentUnusable),
    )
    async def create_agent(data: AgentCreate, subject: CurrentSubject) -> AgentDetails:
        """Make an agent. What it names is looked for: models, tools, collections, the schema."""
        return await agents.create(subject, data)

    @routes.patch(
        "/{agent_id}",
        dependencies=[WRITE],
        responses={**MISSING, **documented(AgentUnusable)},
    )
    async def update_agent(
        agent_id: AgentName, data: AgentUpdate, subject: CurrentSubject, etags: Etags
    ) -> AgentDetails:
        """Make a new version of an agent, or call it something else.

        Nobody talks to the new version until it is published, but those who make agents and name
        it in `forwardedProps.version`.
        """
        shown = await agents.update(subject, agent_id, data, etags.demand)
        etags.show(shown)
        return shown


def _add_ending(routes: APIRouter, agents: Agents) -> None:
    @routes.delete(
        "/{agent_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[WRITE],
        responses=MISSING,
    )
    async def delete_agent(agent_id: AgentName, subject: CurrentSubject, etags: Etags) -> None:
        """Delete an agent. It can be restored by its id. Its runs go on."""
        async with agents.changing(subject) as work:
            agent = await service.hold(work, agent_id)
            etags.demand(await service.shown(work, agent))
            await service.delete(work, agent)

    @routes.post(
        "/{agent_id}/restore",
        dependencies=[WRITE],
        responses={**MISSING, **documented(SlugTaken)},
    )
    async def restore_agent(agent_id: AgentName, subject: CurrentSubject) -> AgentDetails:
        """Bring back an agent that was deleted, named by its id."""
        async with agents.changing(subject) as work:
            return await service.shown(work, await service.restore(work, agent_id))


def _add_versions(routes: APIRouter) -> None:
    @routes.get("/{agent_id}/versions", dependencies=[READ], responses=MISSING)
    async def list_agent_versions(
        agent_id: AgentName,
        work: OpenWork,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Literal["number", "-number"] = "-number",
    ) -> Page[VersionRead]:
        """List the versions of an agent, newest first unless asked otherwise."""
        agent = await service.get(work, agent_id)
        labels = (await service.labels(work, [agent]))[agent.id]
        found = await service.versions(work, agent, Asked(sort, limit, cursor))
        return found.page([_version(row, labels) for row in found.rows])

    @routes.get("/{agent_id}/versions/{number}", dependencies=[READ], responses=NO_VERSION)
    async def read_agent_version(
        agent_id: AgentName, number: Number, work: OpenWork, etags: Etags
    ) -> VersionRead:
        """Read one version of an agent."""
        agent = await service.get(work, agent_id)
        labels = (await service.labels(work, [agent]))[agent.id]
        shown = _version(await service.version(work, agent, number), labels)
        etags.show(shown)
        return shown

    @routes.get("/{agent_id}/versions/{number}/diff", dependencies=[READ], responses=NO_VERSION)
    async def compare_agent_versions(
        agent_id: AgentName, number: Number, work: OpenWork, against: Against = 1
    ) -> VersionDiff:
        """Tell what a version says differently from another one."""
        agent = await service.get(work, agent_id)
        before = await service.version(work, agent, against)
        after = await service.version(work, agent, number)
        told = diff.changes(_content(before), _content(after))
        return VersionDiff(before=against, after=number, changes=list(told))


def _add_publishing(routes: APIRouter, agents: Agents) -> None:
    @routes.post(
        "/{agent_id}/versions/{number}/publish", dependencies=[WRITE], responses=NO_VERSION
    )
    async def publish_agent_version(
        agent_id: AgentName, number: Number, data: Publication, subject: CurrentSubject
    ) -> AgentDetails:
        """Put a version into production, or let it be tried as `staging`.

        To roll back, publish an older one. Runs that have begun go on as they began.
        """
        async with agents.changing(subject) as work:
            agent = await service.hold(work, agent_id)
            await service.publish(work, agent, number, data.label)
            return await service.shown(work, agent)

    @routes.delete(
        "/{agent_id}/labels/{label}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[WRITE],
        responses=NO_VERSION,
    )
    async def withdraw_agent_label(
        agent_id: AgentName, label: Label, subject: CurrentSubject
    ) -> None:
        """Let a label stand for no version: without `production` nobody can talk to an agent."""
        async with agents.changing(subject) as work:
            await service.withdraw(work, await service.hold(work, agent_id), label)


def _version(row: AgentVersion, labels: dict[Label, int]) -> VersionRead:
    return VersionRead(
        number=row.number,
        labels=[label for label, number in labels.items() if number == row.number],
        note=row.note,
        content=_content(row),
        created_by=row.created_by,
        created_at=row.created_at,
    )


def _content(row: AgentVersion) -> AgentContent:
    return AgentContent.read(row.content)
