"""Which agents there are."""

from collections.abc import Iterable, Mapping, Sequence

from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.errors import AgentNotFound
from folkmoot.tools.tool import Tool


class AgentRegistry:
    """The agents of a deployment and the tools that they may use.

    Args:
        definitions: Every agent, in the order in which they are shown.
        tools: The deployment's toolbox; every tool that a definition names must be in it.
    """

    def __init__(
        self, definitions: Iterable[AgentDefinition], tools: Mapping[str, Tool] | None = None
    ) -> None:
        self._agents = {definition.id: definition for definition in definitions}
        known = tools or {}
        self._tools: dict[str, Mapping[str, Tool]] = {
            agent.id: {name: known[name] for name in agent.tools} for agent in self.all()
        }

    def all(self) -> Sequence[AgentDefinition]:
        """Return every agent."""
        return list(self._agents.values())

    def get(self, agent_id: str) -> AgentDefinition:
        """Return an agent, or fail if there is none with this id."""
        agent = self._agents.get(agent_id)
        if agent is None:
            raise AgentNotFound
        return agent

    def tools(self, agent: AgentDefinition) -> Mapping[str, Tool]:
        """Return the tools of an agent, by name."""
        return self._tools[agent.id]
