"""The agents of organisations, found by what they are called. Who is remembered costs no query.

Versions never change and are kept by their number; which of them a label stands for is forgotten
when somebody changes it, in whichever process.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, LiteralString, NamedTuple, cast
from uuid import UUID

from folkmoot.agents.content import AgentContent
from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.errors import AgentNotFound, AgentNotPublished, VersionNotFound
from folkmoot.agents.labels import Label
from folkmoot.db.work import Database
from folkmoot.kit.ids import AgentId, OrgId
from folkmoot.kit.subject import Subject
from folkmoot.settings.cache import Cache, Changes

WRITE: Final = "agents:write"
"""The permission to make agents, and to try versions that are not published."""

REMEMBERED: Final = 1_000
"""Versions that are kept in memory; each may have some 100 kB."""

HELD: Final[LiteralString] = """
SELECT a.id, a.latest, (
  SELECT json_object_agg(l.label, l.number) FROM agent_labels AS l
  WHERE l.org_id = a.org_id AND l.agent_id = a.id
)
FROM agents AS a
WHERE a.org_id = %(org_id)s AND a.deleted_at IS NULL
  AND (a.slug = %(name)s OR a.id = %(id)s::uuid)
ORDER BY a.id = %(id)s::uuid DESC LIMIT 1
"""
VERSION: Final[LiteralString] = """
SELECT a.slug, a.name, a.description, v.content
FROM agent_versions AS v JOIN agents AS a ON a.org_id = v.org_id AND a.id = v.agent_id
WHERE v.org_id = %(org_id)s AND v.agent_id = %(id)s AND v.number = %(number)s
"""


class Named(NamedTuple):
    """What somebody calls an agent of an organisation."""

    org_id: OrgId
    name: str


@dataclass(frozen=True, slots=True)
class Held:
    """An agent, and which version each of its labels stands for."""

    id: AgentId
    latest: int
    labels: Mapping[str, int]

    def number(self, wanted: int | str | None, *, may_try: bool) -> int:
        """Return the number of the version that is meant; without any, the one in production."""
        if wanted is None:
            if Label.PRODUCTION not in self.labels:
                raise AgentNotPublished if may_try or self.labels else AgentNotFound
            return self.labels[Label.PRODUCTION]
        number = self.labels.get(wanted) if isinstance(wanted, str) else wanted
        if number is None or not 1 <= number <= self.latest:
            raise VersionNotFound
        if number not in self.labels.values() and not may_try:
            raise VersionNotFound
        return number


class OwnAgents:
    """The agents of the deployment's organisations.

    Args:
        database: The database.
        changes: Who tells when one is changed.
    """

    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._held: Cache[Held] = Cache(changes)
        self._versions: OrderedDict[tuple[OrgId, AgentId, int], AgentDefinition] = OrderedDict()

    async def find(
        self, subject: Subject, name: str, version: int | str | None = None
    ) -> AgentDefinition:
        """Return an agent by its slug or id: as it is in production, or a version or label of it.

        Raises:
            AgentNotFound: The subject's organisation has none of this name.
            AgentNotPublished: It is not in production.
            VersionNotFound: It has no such version, or none that the subject may try.
        """
        named = Named(subject.org_id, name)
        held = self._held.fresh(named) or await self._held.get(
            named, lambda: self._load(subject, name)
        )
        may_try = WRITE in subject.permissions
        return await self.version(subject, held.id, held.number(version, may_try=may_try))

    async def version(self, subject: Subject, agent_id: AgentId, number: int) -> AgentDefinition:
        """Return a version of an agent, also of one that has been deleted meanwhile."""
        key = (subject.org_id, agent_id, number)
        known = self._versions.get(key)
        if known is not None:
            self._versions.move_to_end(key)
            return known
        found = await self._read(subject, agent_id, number)
        while len(self._versions) >= REMEMBERED:
            self._versions.popitem(last=False)
        self._versions[key] = found
        return found

    async def _load(self, subject: Subject, name: str) -> Held:
        values = {"org_id": subject.org_id, "name": name, "id": as_uuid(name)}
        async with self._database.pipelined(subject) as connection:
            cursor = await connection.execute(HELD, values, prepare=True)
        row = await cursor.fetchone()
        if row is None:
            raise AgentNotFound
        id_, latest, labels = cast(tuple[UUID, int, dict[str, int] | None], row)
        return Held(AgentId(id_), latest, labels or {})

    async def _read(self, subject: Subject, agent_id: AgentId, number: int) -> AgentDefinition:
        values = {"org_id": subject.org_id, "id": agent_id, "number": number}
        async with self._database.pipelined(subject) as connection:
            cursor = await connection.execute(VERSION, values, prepare=True)
        row = await cursor.fetchone()
        if row is None:
            raise AgentNotFound
        slug, name, description, content = cast(tuple[str, str, str, dict[str, Any]], row)
        return AgentContent.read(content).definition(
            agent_id=str(agent_id), version=number, slug=slug, name=name, description=description
        )


def as_uuid(name: str) -> UUID | None:
    """Return the id that a name is, if it is one."""
    try:
        return UUID(name)
    except ValueError:
        return None
