"""REST endpoints for memories."""

from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import MemoryId, TeamId
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.scope import Scope
from folkmoot.memory import service
from folkmoot.memory.errors import MemoryKnown, MemoryNotFound, TooManyMemories
from folkmoot.memory.keeping import Memories
from folkmoot.memory.models import MemoryKind, MemoryOrigin
from folkmoot.memory.schemas import (
    Cleared,
    MemoryCreate,
    MemoryExport,
    MemoryHits,
    MemoryRead,
    MemorySearch,
    MemoryStatus,
    MemoryUpdate,
)
from folkmoot.memory.service import Wanted
from folkmoot.settings.scopes import place_of

READ: Final = require("memories:read")
WRITE: Final = require("memories:write")
MISSING: Final = documented(MemoryNotFound)
NO_TEAM: Final = documented(TeamNotFound)

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at"]
WhichTeam = Annotated[
    TeamId | None,
    Query(description="For the scope `team`: which; by default the one that you act in."),
]
Whose = Annotated[Scope, Query(description="Whose; `user` are your own.")]


def router(memories: Memories) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/memories",
        tags=["memories"],
        route_class=Idempotent,
        responses=documented(PermissionDenied),
    )
    _add_finding(routes, memories)
    _add_whole(routes)
    _add_one(routes, memories)
    return routes


def _add_finding(routes: APIRouter, memories: Memories) -> None:
    @routes.get("", dependencies=[READ], responses=NO_TEAM)
    async def list_memories(
        work: OpenWork,
        q: PageWords = None,
        scope: Scope | None = None,
        team_id: WhichTeam = None,
        kind: MemoryKind | None = None,
        origin: MemoryOrigin | None = None,
        untrusted: bool | None = None,  # noqa: FBT001 - a query parameter
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-updated_at",
    ) -> Page[MemoryRead]:
        """List what is remembered of you, of your teams and of the organisation."""
        wanted = Wanted(q, scope, team_id, kind, origin, untrusted)
        found = await service.browse(work, wanted, Asked(sort, limit, cursor))
        return found.page([service.read(row) for row in found.rows])

    @routes.post("/search", dependencies=[READ])
    async def search_memories(data: MemorySearch, subject: CurrentSubject) -> MemoryHits:
        """Find what fits a question, as an agent that you ask it would be told."""
        return await memories.search(subject, data)

    @routes.get("/status", dependencies=[READ])
    async def read_memory_status(subject: CurrentSubject) -> MemoryStatus:
        """Tell whether anything is remembered of you, and by which model."""
        return await memories.status(subject)


def _add_whole(routes: APIRouter) -> None:
    @routes.get("/export", dependencies=[READ], responses=NO_TEAM)
    async def export_memories(
        work: OpenWork, scope: Whose = Scope.USER, team_id: WhichTeam = None
    ) -> MemoryExport:
        """Take along all that is remembered of you, of a team or of the organisation."""
        rows = await service.everything(work, place_of(work.subject, scope, team_id))
        return MemoryExport(memories=[service.read(row) for row in rows])

    @routes.delete("", dependencies=[WRITE], responses=NO_TEAM)
    async def clear_memories(
        work: OpenWork, scope: Whose = Scope.USER, team_id: WhichTeam = None
    ) -> Cleared:
        """Forget all of it, and read no more of what you have said so far."""
        place = place_of(work.subject, scope, team_id)
        return Cleared(deleted=await service.clear(work, place))


def _add_one(routes: APIRouter, memories: Memories) -> None:
    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[WRITE],
        responses=documented(TeamNotFound, MemoryKnown, TooManyMemories),
    )
    async def create_memory(data: MemoryCreate, subject: CurrentSubject) -> MemoryRead:
        """Have something remembered of you, of a team or of the organisation."""
        return await memories.create(subject, data)

    @routes.get("/{memory_id:uuid}", dependencies=[READ], responses=MISSING)
    async def read_memory(memory_id: MemoryId, work: OpenWork, etags: Etags) -> MemoryRead:
        """Read one memory."""
        shown = service.read(await service.get(work, memory_id))
        etags.show(service.unused(shown))
        return shown

    @routes.patch(
        "/{memory_id:uuid}",
        dependencies=[WRITE],
        responses=documented(MemoryNotFound, MemoryKnown),
    )
    async def update_memory(
        memory_id: MemoryId, data: MemoryUpdate, subject: CurrentSubject, etags: Etags
    ) -> MemoryRead:
        """Change a memory; what you have written yourself is trusted."""
        shown = await memories.update(subject, memory_id, data, etags.demand)
        etags.show(service.unused(shown))
        return shown

    @routes.delete(
        "/{memory_id:uuid}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[WRITE],
        responses=MISSING,
    )
    async def delete_memory(memory_id: MemoryId, work: OpenWork, etags: Etags) -> None:
        """Forget something. No agent is told of it any more."""
        await service.remove(work, memory_id, etags.demand)
