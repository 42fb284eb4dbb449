"""What this room keeps of a person: that they made agents of an organisation, and what they wrote.

An agent is its organisation's, and so are its versions: they stay when a person goes. Whose they
were is told by an id that stands for nobody any more.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial
from typing import Final

from sqlalchemy import select

from folkmoot.agents.models import Agent, AgentVersion
from folkmoot.db import extract
from folkmoot.db.work import Database
from folkmoot.kit.personal import File, Person
from folkmoot.kit.subject import Subject

VERSIONS: Final = select(
    AgentVersion.agent_id,
    AgentVersion.number,
    Agent.slug,
    Agent.name,
    AgentVersion.note,
    AgentVersion.content,
    AgentVersion.created_at,
).join(Agent, (Agent.org_id == AgentVersion.org_id) & (Agent.id == AgentVersion.agent_id))


@dataclass(frozen=True, slots=True)
class WrittenAgents:
    """Versions of agents that people have written."""

    database: Database
    tables: frozenset[str] = frozenset({"agents", "agent_versions"})

    async def export(self, person: Person) -> AsyncGenerator[File]:
        """Yield the versions that the person wrote."""
        for org_id in person.places:
            mine = VERSIONS.where(
                AgentVersion.org_id == org_id, AgentVersion.created_by == person.user_id
            )
            open_work = partial(self.database.work, Subject(org_id, person.user_id))
            lines = extract.lines(open_work, mine, [AgentVersion.agent_id, AgentVersion.number])
            yield File(f"organizations/{org_id}/agents.jsonl", lines)

    async def erase(self, person: Person) -> None:
        """Leave to the organisation what is the organisation's."""
