"""Endpoint for the tools that an agent can be given."""

from fastapi import APIRouter

from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.schemas import GivenTool, GivenTools
from folkmoot.http.access import require


def router(registry: AgentRegistry) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/tools", tags=["agents"])

    @routes.get("", dependencies=[require("agents:read")])
    async def list_tools() -> GivenTools:
        """List the tools of this deployment that an agent can be given, by name."""
        tools = sorted(registry.toolbox.values(), key=lambda tool: tool.name)
        return GivenTools(
            items=[
                GivenTool(name=tool.name, description=tool.description, writes=tool.writes)
                for tool in tools
            ]
        )

    return routes
