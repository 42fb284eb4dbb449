"""REST endpoints for MCP servers: named, tried, and their tools looked at."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter, Depends

from folkmoot.http.access import CurrentSubject, PermissionDenied, TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import NotSignedIn, OrganizationNotFound
from folkmoot.kit.ids import McpServerId, TeamId
from folkmoot.kit.outbound.errors import Unreachable
from folkmoot.kit.page import Asked, Page
from folkmoot.kit.scope import Scope
from folkmoot.settings.errors import FeatureOff
from folkmoot.tools.mcp import catalogue, servers
from folkmoot.tools.mcp.errors import (
    McpCommandUnknown,
    McpNameTaken,
    McpServerNotFound,
    McpServerUnfit,
    McpToolChanged,
    McpToolNotFound,
    TooManyMcpServers,
)
from folkmoot.tools.mcp.models import McpServer, McpTool
from folkmoot.tools.mcp.reading import read_server, read_tool
from folkmoot.tools.mcp.schemas import (
    McpServerCreate,
    McpServerRead,
    McpServerUpdate,
    McpTestRead,
    McpToolList,
    McpToolsUpdate,
)
from folkmoot.tools.mcp.servers import McpServerFilter
from folkmoot.tools.mcp.service import McpClient

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"]

UNFIT: Final = (McpServerUnfit, McpCommandUnknown, Unreachable)
MISSING: Final = documented(OrganizationNotFound, McpServerNotFound)


def router(client: McpClient) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/mcp-servers",
        tags=["mcp servers"],
        route_class=Idempotent,
        dependencies=[Depends(client.demand_on)],
        responses=documented(NotSignedIn, PermissionDenied, FeatureOff, OrganizationNotFound),
    )
    _add_servers(routes, client)
    _add_changing(routes, client)
    _add_tools(routes)
    return routes


def _add_servers(routes: APIRouter, client: McpClient) -> None:
    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[require("mcp_servers:write")],
        responses=documented(
            OrganizationNotFound, TeamNotFound, McpNameTaken, TooManyMcpServers, *UNFIT
        ),
    )
    async def create_mcp_server(data: McpServerCreate, work: OpenWork) -> McpServerRead:
        """Name an MCP server. Nothing is asked of it before it is tested or used."""
        return read_server(await servers.create(work, client.allowed, data))

    @routes.get("", dependencies=[require("mcp_servers:read")])
    async def list_mcp_servers(
        work: OpenWork,
        q: PageWords = None,
        scope: Scope | None = None,
        team_id: TeamId | None = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "created_at",
    ) -> Page[McpServerRead]:
        """List the MCP servers of your organisation, of your teams and of your own."""
        wanted = McpServerFilter(words=q, scope=scope, team_id=team_id)
        found = await servers.browse(work, wanted, Asked(sort, limit, cursor))
        return found.page([read_server(row) for row in found.rows])

    @routes.get("/{mcp_server_id}", dependencies=[require("mcp_servers:read")], responses=MISSING)
    async def read_mcp_server(
        mcp_server_id: McpServerId, work: OpenWork, etags: Etags
    ) -> McpServerRead:
        """Read one MCP server."""
        shown = read_server(await servers.get(work, mcp_server_id))
        etags.show(shown)
        return shown


def _add_changing(routes: APIRouter, client: McpClient) -> None:
    @routes.patch(
        "/{mcp_server_id}",
        dependencies=[require("mcp_servers:write")],
        responses=documented(OrganizationNotFound, McpServerNotFound, McpNameTaken, *UNFIT),
    )
    async def update_mcp_server(
        mcp_server_id: McpServerId, data: McpServerUpdate, work: OpenWork, etags: Etags
    ) -> McpServerRead:
        """Change an MCP server. At another address all its tools are off until looked at."""
        server = await servers.update(work, client.allowed, mcp_server_id, data, etags.demand)
        shown = read_server(server)
        etags.show(shown)
        return shown

    @routes.delete(
        "/{mcp_server_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("mcp_servers:write")],
        responses=MISSING,
    )
    async def delete_mcp_server(mcp_server_id: McpServerId, work: OpenWork, etags: Etags) -> None:
        """Remove an MCP server and what is known of its tools."""
        await servers.remove(work, mcp_server_id, etags.demand)

    @routes.post(
        "/{mcp_server_id}/test",
        dependencies=[require("mcp_servers:write")],
        responses=MISSING,
    )
    async def test_mcp_server(mcp_server_id: McpServerId, subject: CurrentSubject) -> McpTestRead:
        """Connect to an MCP server, list what it has, and keep the list of its tools.

        What is new is off until it is enabled; what has changed goes off.
        """
        return await client.checks.check(subject, mcp_server_id)


def _add_tools(routes: APIRouter) -> None:
    @routes.get(
        "/{mcp_server_id}/tools", dependencies=[require("mcp_servers:read")], responses=MISSING
    )
    async def list_mcp_tools(mcp_server_id: McpServerId, work: OpenWork) -> McpToolList:
        """List the tools of an MCP server as it described them when it was last asked."""
        server = await servers.get(work, mcp_server_id)
        return _tools(server, await catalogue.of_server(work, server))

    @routes.patch(
        "/{mcp_server_id}/tools",
        dependencies=[require("mcp_servers:write")],
        responses=documented(
            OrganizationNotFound, McpServerNotFound, McpToolNotFound, McpToolChanged
        ),
    )
    async def update_mcp_tools(
        mcp_server_id: McpServerId, data: McpToolsUpdate, work: OpenWork
    ) -> McpToolList:
        """Enable tools that you have looked at; say when somebody is asked before a call."""
        server = await servers.hold_to_change(work, mcp_server_id)
        changed = await catalogue.change(work, server, data.tools)
        return _tools(server, changed)


def _tools(server: McpServer, rows: Iterable[McpTool]) -> McpToolList:
    return McpToolList(items=[read_tool(server, each) for each in rows], next_cursor=None)
