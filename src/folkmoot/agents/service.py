"""Everything that can be done with the agents of an organisation."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Select, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from folkmoot.agents.content import AgentContent
from folkmoot.agents.errors import AgentNotFound, SlugTaken, TooManyAgents, VersionNotFound
from folkmoot.agents.labels import Label
from folkmoot.agents.models import Agent, AgentLabel, AgentVersion
from folkmoot.agents.own import as_uuid
from folkmoot.agents.schemas import AgentCreate, AgentDetails, AgentUpdate
from folkmoot.audit import trail
from folkmoot.db.keyset import Listing, Slice, containing
from folkmoot.db.work import Work
from folkmoot.http import etags
from folkmoot.kit import clock
from folkmoot.kit.ids import AgentId
from folkmoot.kit.page import Asked
from folkmoot.settings.telling import tell

MOST: Final = 500
"""Agents of an organisation: all of them are shown at once to those who choose one."""

LISTING: Final = Listing(
    "own agents",
    Agent.id,
    {"created_at": Agent.id, "updated_at": Agent.updated_at, "name": Agent.name},
)
VERSIONS: Final = Listing("agent versions", AgentVersion.number, {"number": AgentVersion.number})
NAMED: Final = ("name", "description")
"""What an agent is called, which is no matter of versions."""

Expected: TypeAlias = etags.Expected[AgentDetails]


async def create(work: Work, data: AgentCreate, content: AgentContent) -> Agent:
    """Make an agent and its first version.

    Raises:
        SlugTaken: There is one that is called like this.
        TooManyAgents: There are enough.
    """
    subject = work.subject
    if len(await everyone(work)) >= MOST:
        raise TooManyAgents(MOST)
    agent = Agent(
        org_id=subject.org_id,
        slug=data.slug,
        name=data.name,
        description=data.description,
        created_by=subject.user_id,
    )
    await _demand_free(work, agent)
    work.session.add(agent)
    await _flush(work)
    await _add_version(work, agent, content, data.note)
    await _record(work, "agent.created", agent, after={"slug": agent.slug, "name": agent.name})
    if data.publish:
        await publish(work, agent, 1, Label.PRODUCTION)
    return agent


async def browse(work: Work, asked: Asked, *, words: str | None = None) -> Slice[Agent]:
    """Return a page of the organisation's agents."""
    statement = _present(work)
    if words is not None:
        statement = statement.where(containing(words, Agent.name))
    return await LISTING.slice(work, statement, asked)


async def everyone(work: Work) -> Sequence[Agent]:
    """Return all agents of the organisation, by name."""
    return (await work.session.scalars(_present(work).order_by(Agent.name, Agent.id))).all()


async def get(work: Work, name: str) -> Agent:
    """Return an agent by its id or slug."""
    return await _one(work, name, _present(work))


async def hold(work: Work, name: str) -> Agent:
    """Do the same and keep everybody else from changing it until this work ends."""
    return await _one(work, name, _present(work).with_for_update(key_share=True))


async def update(work: Work, agent: Agent, data: AgentUpdate, content: AgentContent | None) -> None:
    """Change what an agent is called; make a new version if there is a content for one."""
    before = {field: getattr(agent, field) for field in NAMED}
    for field in NAMED:
        said = getattr(data, field)
        if said is not None:
            setattr(agent, field, said)
    after = {field: getattr(agent, field) for field in NAMED}
    if before != after:
        await work.session.flush()
        await _record(work, "agent.changed", agent, before=before, after=after)
    if content is not None:
        await _add_version(work, agent, content, data.note)
        await _record(work, "agent.version_created", agent, after={"version": agent.latest})


async def delete(work: Work, agent: Agent) -> None:
    """Hide an agent; until it is purged it can be brought back. Its runs go on."""
    agent.deleted_at = clock.now()
    await work.session.flush()
    await _record(work, "agent.deleted", agent, before={"slug": agent.slug, "name": agent.name})


async def restore(work: Work, name: str) -> Agent:
    """Bring back an agent that was deleted; one that is there stays.

    Raises:
        AgentNotFound: There is none of this id, or it has been purged.
        SlugTaken: Another one is called like this by now.
    """
    statement = select(Agent).where(Agent.org_id == work.subject.org_id, Agent.id == as_uuid(name))
    agent = (await work.session.scalars(statement.with_for_update(key_share=True))).one_or_none()
    if agent is None:
        raise AgentNotFound
    if agent.deleted_at is not None:
        await _demand_free(work, agent)
        agent.deleted_at = None
        await _flush(work)
        await _record(work, "agent.restored", agent, after={"slug": agent.slug, "name": agent.name})
    return agent


async def version(work: Work, agent: Agent, number: int) -> AgentVersion:
    """Return a version of an agent."""
    statement = _versions(agent).where(AgentVersion.number == number)
    found = (await work.session.scalars(statement)).one_or_none()
    if found is None:
        raise VersionNotFound
    return found


async def versions(work: Work, agent: Agent, asked: Asked) -> Slice[AgentVersion]:
    """Return a page of the versions of an agent."""
    return await VERSIONS.slice(work, _versions(agent), asked)


async def content(work: Work, agent: Agent) -> AgentContent:
    """Return what the newest version of an agent holds."""
    return AgentContent.read((await version(work, agent, agent.latest)).content)


async def shown(work: Work, agent: Agent) -> AgentDetails:
    """Return an agent as those see it who make it."""
    (details,) = await all_shown(work, [agent])
    return details


async def all_shown(work: Work, agents: Sequence[Agent]) -> list[AgentDetails]:
    """Return agents as those see them who make them, with as many queries as for one."""
    named = await labels(work, agents)
    newest = await _newest(work, agents)
    return [
        AgentDetails(
            id=agent.id,
            slug=agent.slug,
            name=agent.name,
            description=agent.description,
            latest=agent.latest,
            labels=named[agent.id],
            content=newest[agent.id],
            created_by=agent.created_by,
            created_at=agent.created_at,
            updated_at=agent.updated_at,
        )
        for agent in agents
    ]


async def labels(work: Work, agents: Sequence[Agent]) -> Mapping[AgentId, dict[Label, int]]:
    """Return which version each label of these agents stands for."""
    found: dict[AgentId, dict[Label, int]] = {agent.id: {} for agent in agents}
    statement = select(AgentLabel).where(
        AgentLabel.org_id == work.subject.org_id, AgentLabel.agent_id.in_(found)
    )
    for row in (await work.session.scalars(statement)).all():
        found[row.agent_id][Label(row.label)] = row.number
    return found


async def publish(work: Work, agent: Agent, number: int, label: Label) -> None:
    """Let a label stand for a version, be it newer or older than the one before.

    Raises:
        VersionNotFound: There is no such version.
    """
    await version(work, agent, number)
    before = (await labels(work, [agent]))[agent.id].get(label)
    told = insert(AgentLabel).values(
        org_id=agent.org_id, agent_id=agent.id, label=label, number=number
    )
    key = ["org_id", "agent_id", "label"]
    await work.session.execute(
        told.on_conflict_do_update(index_elements=key, set_={"number": number})
    )
    await _record(
        work,
        "agent.published",
        agent,
        before={"label": label, "version": before},
        after={"label": label, "version": number},
    )


async def withdraw(work: Work, agent: Agent, label: Label) -> None:
    """Let a label stand for no version any more.

    Raises:
        VersionNotFound: It stands for none.
    """
    key = {"org_id": agent.org_id, "agent_id": agent.id, "label": label}
    row = await work.session.get(AgentLabel, key)
    if row is None:
        raise VersionNotFound
    await work.session.delete(row)
    await work.session.flush()
    before = {"label": label, "version": row.number}
    await _record(work, "agent.withdrawn", agent, before=before)


async def _newest(work: Work, agents: Sequence[Agent]) -> Mapping[AgentId, AgentContent]:
    """Return what the newest versions of these agents hold."""
    versions = tuple_(AgentVersion.agent_id, AgentVersion.number)
    statement = select(AgentVersion).where(
        AgentVersion.org_id == work.subject.org_id,
        versions.in_([(agent.id, agent.latest) for agent in agents]),
    )
    return {
        row.agent_id: AgentContent.read(row.content)
        for row in await work.session.scalars(statement)
    }


async def _add_version(work: Work, agent: Agent, content: AgentContent, note: str) -> None:
    """Write the next version; the agent is held, so that nobody else takes its number."""
    agent.latest += 1
    work.session.add(
        AgentVersion(
            org_id=agent.org_id,
            agent_id=agent.id,
            number=agent.latest,
            content=content.kept(),
            note=note,
            created_by=work.subject.user_id,
        )
    )
    await work.session.flush()


async def _one(work: Work, name: str, statement: Select[Agent]) -> Agent:
    """Return the agent of a name; an id comes before a slug that looks like it."""
    id_ = as_uuid(name)
    called = Agent.slug == name if id_ is None else Agent.id == id_
    found = (await work.session.scalars(statement.where(called))).one_or_none()
    if found is None:
        raise AgentNotFound
    return found


def _present(work: Work) -> Select[Agent]:
    return select(Agent).where(Agent.org_id == work.subject.org_id, Agent.deleted_at.is_(None))


def _versions(agent: Agent) -> Select[AgentVersion]:
    return select(AgentVersion).where(
        AgentVersion.org_id == agent.org_id, AgentVersion.agent_id == agent.id
    )


async def _demand_free(work: Work, agent: Agent) -> None:
    taken = select(Agent.id).where(
        Agent.org_id == work.subject.org_id, Agent.slug == agent.slug, Agent.deleted_at.is_(None)
    )
    if await work.session.scalar(taken) is not None:
        raise SlugTaken


async def _flush(work: Work) -> None:
    """Write what may clash with somebody who took the slug a moment ago."""
    try:
        await work.session.flush()
    except IntegrityError as error:
        if "uq_agents_slug" not in str(error.orig):
            raise
        raise SlugTaken from None


async def _record(
    work: Work,
    action: str,
    agent: Agent,
    *,
    before: trail.Values | None = None,
    after: trail.Values | None = None,
) -> None:
    await trail.record(work, action, target=("agent", agent.id), before=before, after=after)
    await tell(work)
