"""Endpoint for the agents there are."""

from fastapi import APIRouter

from folkmoot.agents.definition import AgentDefinition, Workflow
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.schemas import AgentCapabilities, AgentList, AgentRead, AgentTool
from folkmoot.http.access import require


def router(registry: AgentRegistry) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/agents", tags=["agents"])

    @routes.get("", dependencies=[require("agents:read")])
    async def list_agents() -> AgentList:
        """List the agents that can be talked to."""
        return AgentList(items=[read(registry, agent) for agent in registry.all()])

    return routes


def read(registry: AgentRegistry, agent: AgentDefinition) -> AgentRead:
    """Return an agent as the API shows it."""
    tools = [
        AgentTool(name=tool.name, description=tool.description)
        for tool in registry.tools(agent).values()
    ]
    return AgentRead(
        id=agent.id,
        name=agent.name,
        description=agent.description,
        workflows=list(agent.workflows),
        capabilities=AgentCapabilities(citations=Workflow.RAG in agent.workflows, tools=tools),
    )
