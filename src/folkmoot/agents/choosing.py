"""The agents that somebody may choose from, and whether they can be asked now."""

from folkmoot.agents import service
from folkmoot.agents.capabilities import capabilities
from folkmoot.agents.definition import AgentDefinition
from folkmoot.agents.labels import Label
from folkmoot.agents.making import Agents
from folkmoot.agents.own import WRITE
from folkmoot.agents.schemas import AgentRead
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelError, ModelUnknown

NOT_PUBLISHED = "No version of it has been published yet."


async def choices(agents: Agents, subject: Subject) -> list[AgentRead]:
    """Return the agents of the deployment, then those of the subject's organisation by name."""
    shared = [await _read(agents, subject, agent) for agent in agents.registry.shared()]
    return shared + await _own(agents, subject)


async def _own(agents: Agents, subject: Subject) -> list[AgentRead]:
    async with agents.database.work(subject) as work:
        rows = await service.everyone(work)
        labels = await service.labels(work, rows)
    found: list[AgentRead] = []
    for row in rows:
        number = labels[row.id].get(Label.PRODUCTION)
        if number is None and WRITE not in subject.permissions:
            continue
        agent = await agents.registry.recorded(subject, str(row.id), number or row.latest)
        read = await _read(agents, subject, agent)
        told: dict[str, object] = {"name": row.name, "description": row.description}
        if number is None:
            told |= {"version": None, "available": False, "unavailable_because": NOT_PUBLISHED}
        found.append(read.model_copy(update=told))
    return found


async def _read(agents: Agents, subject: Subject, agent: AgentDefinition) -> AgentRead:
    reason = await _obstacle(agents, subject, agent)
    return AgentRead(
        id=agent.id,
        slug=agent.address,
        name=agent.name,
        description=agent.description,
        origin=agent.origin,
        version=agent.version,
        available=reason is None,
        unavailable_because=reason,
        workflows=list(agent.workflows),
        capabilities=capabilities(agent, agents.registry.tools(agent).values()),
    )


async def _obstacle(agents: Agents, subject: Subject, agent: AgentDefinition) -> str | None:
    """Return what keeps an agent from being asked, if anything; asks no provider."""
    missing = agents.registry.missing(agent)
    if missing:
        return f"Tools that it needs are not installed: {', '.join(missing)}."
    if agent.model is None:
        return None
    try:
        await agents.validation.models.chat(subject, agent.model, ())
    except (ModelError, ModelUnknown) as error:
        return error.detail
    return None
