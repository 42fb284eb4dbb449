"""Making agents: what is asked for is looked at before anything is written."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from folkmoot.agents import service
from folkmoot.agents.content import AgentContent
from folkmoot.agents.errors import SlugTaken
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.schemas import AgentCreate, AgentDetails, AgentUpdate
from folkmoot.agents.validation import Validation
from folkmoot.db.work import Database, Work
from folkmoot.http.access import demand
from folkmoot.kit.subject import Subject
from folkmoot.settings.cache import Changes

MANAGE: Final = "approvals:manage"
"""The permission to say of which calls nobody has to be asked."""


@dataclass(frozen=True, slots=True)
class Agents:
    """The agents of organisations, as those need them who make and choose them.

    Args:
        registry: All agents.
        validation: Who looks whether an agent would work.
        changes: Whom to tell when one has changed.
    """

    database: Database
    registry: AgentRegistry
    validation: Validation
    changes: Changes

    @asynccontextmanager
    async def changing(self, subject: Subject) -> AsyncGenerator[Work]:
        """Open a work that changes agents; this process knows of it as soon as it is done."""
        async with self.database.work(subject) as work:
            yield work
        self.changes.forget(subject.org_id)

    async def create(self, subject: Subject, data: AgentCreate) -> AgentDetails:
        """Make an agent.

        Raises:
            AgentUnusable, SlugTaken, TooManyAgents: It can not be made.
            PermissionMissing: It would make calls unasked, and that is not for the subject to say.
        """
        if any(data.slug == shared.id for shared in self.registry.shared()):
            raise SlugTaken
        fields = {name: getattr(data, name) for name in AgentContent.model_fields}
        content = AgentContent.model_validate(fields)
        _demand_right(subject, (), content)
        await self.validation.demand(subject, content)
        async with self.changing(subject) as work:
            return await service.shown(work, await service.create(work, data, content))

    async def update(
        self, subject: Subject, name: str, data: AgentUpdate, expected: service.Expected
    ) -> AgentDetails:
        """Change an agent; whatever makes it what it is makes a new version of it.

        Raises:
            AgentNotFound: There is none.
            AgentUnusable: The next version would not work.
            PermissionMissing: See `create`.
            PreconditionFailed: It is not what was expected.
        """
        async with self.database.work(subject) as work:
            before = await service.content(work, await service.get(work, name))
        if merged(before, data) != before:
            _demand_right(subject, before.approve_never, merged(before, data))
            await self.validation.demand(subject, merged(before, data))
        async with self.changing(subject) as work:
            agent = await service.hold(work, name)
            shown = await service.shown(work, agent)
            expected(shown)
            after = merged(shown.content, data)
            await service.update(work, agent, data, after if after != shown.content else None)
            return await service.shown(work, agent)


def _demand_right(subject: Subject, before: Sequence[str], after: AgentContent) -> None:
    """Let nobody spare calls a person's eyes who could not approve them for everybody."""
    if not set(after.approve_never) <= set(before):
        demand(subject, MANAGE)


def merged(before: AgentContent, data: AgentUpdate) -> AgentContent:
    """Return what a version holds with what is to be different."""
    said: dict[str, Any] = {
        field: getattr(data, field)
        for field in data.model_fields_set
        if field in AgentContent.model_fields
    }
    optional = {
        field for field, info in AgentContent.model_fields.items() if info.get_default() is None
    } - {"system_prompt"}
    kept = {field: value for field, value in said.items() if value is not None or field in optional}
    return AgentContent.model_validate(before.model_dump() | kept)
