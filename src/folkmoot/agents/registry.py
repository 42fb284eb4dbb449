"""Which agents there are."""

from collections.abc import Iterable, Mapping, Sequence

from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.errors import (
    AgentNotFound,
    AgentNotPublished,
    AgentUnavailable,
    VersionNotFound,
)
from folkmoot.agents.own import OwnAgents, as_uuid
from folkmoot.kit.ids import AgentId
from folkmoot.kit.subject import Subject
from folkmoot.tools.tool import Tool


class AgentRegistry:
    """The agents of a deployment and of its organisations, and the tools that they may use.

    Args:
        definitions: Every agent of the deployment, in the order in which they are shown.
        tools: The deployment's toolbox; every tool that these agents name must be in it.
        own: The agents of organisations.
    """

    def __init__(
        self,
        definitions: Iterable[AgentDefinition],
        tools: Mapping[str, Tool] | None = None,
        own: OwnAgents | None = None,
    ) -> None:
        self._agents = {definition.id: definition for definition in definitions}
        self._tools = tools or {}
        self._own = own
        for agent in self._agents.values():
            for name in agent.tools:
                self._tools[name]  # else it could not start

    def shared(self) -> Sequence[AgentDefinition]:
        """Return every agent that all organisations have."""
        return list(self._agents.values())

    @property
    def toolbox(self) -> Mapping[str, Tool]:
        """Every tool that an agent may be given."""
        return self._tools

    async def find(
        self, subject: Subject, name: str, version: int | str | None = None
    ) -> AgentDefinition:
        """Return the agent that a subject calls by this name, in production or as they name it.

        Raises:
            AgentNotFound, AgentNotPublished, VersionNotFound: See `OwnAgents.find`.
            AgentUnavailable: A tool of it is not installed any more.
        """
        agent = self._agents.get(name)
        if agent is not None:
            if version not in {None, agent.version}:
                raise VersionNotFound
            return agent
        if self._own is None:
            raise AgentNotFound
        found = await self._own.find(subject, name, version)
        missing = self.missing(found)
        if missing:
            raise AgentUnavailable(missing)
        return found

    async def id_of(self, subject: Subject, name: str) -> str | None:
        """Return the id of the agent that a subject calls by this name, if it can be asked."""
        try:
            return (await self.find(subject, name)).id
        except (AgentNotFound, AgentNotPublished, AgentUnavailable):
            return None

    async def recorded(self, subject: Subject, agent_id: str, version: int) -> AgentDefinition:
        """Return the agent that a run began with, whatever has been published since."""
        agent = self._agents.get(agent_id)
        if agent is not None:
            return agent
        own_id = as_uuid(agent_id)
        if own_id is None or self._own is None:
            raise AgentNotFound
        return await self._own.version(subject, AgentId(own_id), version)

    def missing(self, agent: AgentDefinition) -> Sequence[str]:
        """Return the tools of an agent that are not there."""
        return [name for name in agent.tools if name not in self._tools]

    def tools(self, agent: AgentDefinition) -> Mapping[str, Tool]:
        """Return the tools of an agent, by name."""
        return {name: self._tools[name] for name in agent.tools if name in self._tools}
