"""Endpoint for the agents there are."""

from fastapi import APIRouter

from folkmoot.agents.choosing import choices
from folkmoot.agents.making import Agents
from folkmoot.agents.schemas import AgentList
from folkmoot.http.access import CurrentSubject, require


def router(agents: Agents) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/agents", tags=["agents"])

    @routes.get("", dependencies=[require("agents:read")])
    async def list_agents(subject: CurrentSubject) -> AgentList:
        """List the agents that can be talked to: the deployment's, then the organisation's.

        Whoever makes agents sees those that are not published yet, too.
        """
        return AgentList(items=await choices(agents, subject))

    return routes
