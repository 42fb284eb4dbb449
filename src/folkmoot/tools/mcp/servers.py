"""Which MCP servers there are: named, shown, changed and removed."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http.etags import Expected, anything
from folkmoot.identity.organizations.leaving import demand_member
from folkmoot.kit.ids import McpServerId, TeamId, new_id
from folkmoot.kit.page import Asked
from folkmoot.kit.scope import Scope
from folkmoot.settings.scopes import Place, demand_change, level_of, place_of
from folkmoot.tools.mcp import catalogue
from folkmoot.tools.mcp.allowed import Allowed
from folkmoot.tools.mcp.errors import McpNameTaken, McpServerNotFound, TooManyMcpServers
from folkmoot.tools.mcp.models import Auth, McpServer
from folkmoot.tools.mcp.reading import read_server
from folkmoot.tools.mcp.schemas import McpServerCreate, McpServerRead, McpServerUpdate

ROOM: Final = "mcp_servers"
MOST: Final = 50
"""Servers of one scope."""
UNIQUE: Final = "uq_mcp_servers_name"
ELSEWHERE: Final = frozenset({"url", "auth", "secret", "header"})
"""Fields by which another place may answer, or is told another secret."""
LISTING: Final = Listing(
    "mcp_servers",
    McpServer.id,
    {"created_at": McpServer.id, "updated_at": McpServer.updated_at, "name": McpServer.name},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServerFilter:
    """Which servers to list; what is None does not matter."""

    words: str | None = None
    scope: Scope | None = None
    team_id: TeamId | None = None


async def create(work: Work, allowed: Allowed, data: McpServerCreate) -> McpServer:
    """Name a server; nothing is asked of it yet.

    Raises:
        TeamNotFound, PermissionDenied: The scope is not the subject's to change.
        McpNameTaken, TooManyMcpServers: The scope has one of this name, or enough.
        McpServerUnfit, McpCommandUnknown, Unreachable: It can be seen that it leads nowhere.
    """
    subject = work.subject
    place = place_of(subject, data.scope, data.team_id)
    demand_change(subject, place, ROOM)
    server = McpServer(
        org_id=subject.org_id,
        team_id=place.team_id,
        user_id=place.user_id,
        created_by=subject.user_id,
        enabled=True,
        **data.model_dump(exclude={"scope", "team_id"}),
    )
    allowed.demand(server)
    await _demand_room(work, place)
    work.session.add(server)
    await _flush(work, server.name)
    await _record(work, "mcp_server.created", server, after=told(server))
    return server


async def update(
    work: Work,
    allowed: Allowed,
    server_id: McpServerId,
    data: McpServerUpdate,
    expected: Expected[McpServerRead] = anything,
) -> McpServer:
    """Change what the data names. If another place may answer, its tools are to be looked at."""
    server = await hold_to_change(work, server_id)
    expected(read_server(server))
    before = told(server)
    named = data.model_dump(exclude_none=True)
    changed = {name for name, value in named.items() if value != getattr(server, name)}
    for name in changed:
        setattr(server, name, named[name])
    if server.auth == Auth.NONE:
        server.secret = None
    allowed.demand(server)
    if changed & ELSEWHERE:
        server.revision = new_id()
    if "url" in changed:
        await catalogue.forget(work, server)
    await _flush(work, server.name)
    if changed:
        await _record(work, "mcp_server.updated", server, before=before, after=told(server))
    return server


async def browse(work: Work, wanted: McpServerFilter, asked: Asked) -> Slice[McpServer]:
    """Return a page of the servers that the subject can see."""
    statement = select(McpServer).where(McpServer.org_id == work.subject.org_id)
    if wanted.words is not None:
        statement = statement.where(containing(wanted.words, McpServer.name))
    if wanted.scope is not None:
        statement = statement.where(
            McpServer.team_id.is_not(None) == (wanted.scope is Scope.TEAM),
            McpServer.user_id.is_not(None) == (wanted.scope is Scope.USER),
        )
    if wanted.team_id is not None:
        statement = statement.where(McpServer.team_id == wanted.team_id)
    return await LISTING.slice(work, statement, asked)


async def get(work: Work, server_id: McpServerId) -> McpServer:
    """Return a server, or fail if the subject cannot see it."""
    key = {"org_id": work.subject.org_id, "id": server_id}
    server = await work.session.get(McpServer, key)
    if server is None:
        raise McpServerNotFound
    return server


async def get_to_change(work: Work, server_id: McpServerId) -> McpServer:
    """Return a server, or fail if the subject may not change it."""
    server = await get(work, server_id)
    demand_change(work.subject, place_of_server(server), ROOM)
    return server


async def hold_to_change(work: Work, server_id: McpServerId) -> McpServer:
    """Do the same and keep everybody else from changing it until this work ends."""
    server = await get_to_change(work, server_id)
    await hold(work, server)
    return server


async def hold(work: Work, server: McpServer) -> None:
    """Keep everybody else from changing a server until this work ends; fail if it is gone."""
    statement = (
        select(McpServer)
        .where(McpServer.org_id == server.org_id, McpServer.id == server.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if (await work.session.scalars(statement)).one_or_none() is None:
        raise McpServerNotFound


async def remove(
    work: Work, server_id: McpServerId, expected: Expected[McpServerRead] = anything
) -> None:
    """Remove a server and what is known of its tools."""
    server = await hold_to_change(work, server_id)
    expected(read_server(server))
    await _record(work, "mcp_server.deleted", server, before=told(server))
    await work.session.delete(server)
    await work.session.flush()


def place_of_server(server: McpServer) -> Place:
    """Return whose a server is."""
    return Place(level_of(server.team_id, server.user_id), server.team_id, server.user_id)


def told(server: McpServer) -> dict[str, object]:
    """Return what the trail tells of a server; of its secret only the name."""
    whose = {"team_id": str(server.team_id)} if server.team_id else {}
    return {
        "name": server.name,
        "scope": level_of(server.team_id, server.user_id),
        "transport": server.transport,
        "place": server.url or server.command,
        "auth": server.auth,
        "enabled": server.enabled,
        **({"secret_name": server.secret} if server.secret else {}),
        **whose,
    }


async def _demand_room(work: Work, place: Place) -> None:
    statement = select(func.count()).where(
        McpServer.org_id == work.subject.org_id, *place.holds(McpServer)
    )
    if (await work.session.scalar(statement) or 0) >= MOST:
        raise TooManyMcpServers(MOST)


async def _flush(work: Work, name: str) -> None:
    try:
        with demand_member():
            await work.session.flush()
    except IntegrityError as error:
        if UNIQUE in str(error.orig):
            raise McpNameTaken(name) from None
        raise


async def _record(
    work: Work,
    action: str,
    server: McpServer,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    await trail.record(work, action, target=("mcp_server", server.id), before=before, after=after)
