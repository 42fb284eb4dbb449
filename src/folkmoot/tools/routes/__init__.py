"""REST endpoints of tools: the MCP client's."""

from fastapi import APIRouter

from folkmoot.tools.mcp.service import McpClient
from folkmoot.tools.routes import authorization, servers


def router(client: McpClient) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    routes.include_router(servers.router(client))
    routes.include_router(authorization.router(client))
    return routes
