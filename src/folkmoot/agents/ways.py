"""How a turn is worked: as its caller says, as it was so far, or as there is what to search."""

from collections.abc import Sequence
from typing import Final

from folkmoot.agents.definition import AgentDefinition, Workflow
from folkmoot.agents.order import AgentOrder
from folkmoot.agents.ports import Opening
from folkmoot.agents.replay import Past
from folkmoot.kit.subject import Subject

READ_DOCUMENTS: Final = "documents:read"
"""The permission without which a turn searches no documents."""


def found(
    agent: AgentDefinition, wanted: AgentOrder, past: Past, opening: Opening, subject: Subject
) -> Workflow:
    """Return how a turn has been worked or, if nothing tells that, how it is to be."""
    return _so_far(agent, wanted, past) or chosen(agent, wanted, opening, subject)


def chosen(
    agent: AgentDefinition, wanted: AgentOrder, opening: Opening, subject: Subject
) -> Workflow:
    """Return how a turn is worked.

    What the caller asks for comes first. Otherwise tools that the client brings along are offered,
    and the agent searches before it answers, if it can and there is something to search.
    """
    if wanted.workflow is not None:
        return wanted.workflow
    ways: Sequence[Workflow] = agent.workflows
    if wanted.client_tools and agent.takes_client_tools:
        ways = [each for each in ways if each.calls]
    searching = next((each for each in ways if each.searches), None)
    if searching is not None and _material(wanted, opening, subject):
        return searching
    return ways[0]


def _material(wanted: AgentOrder, opening: Opening, subject: Subject) -> bool:
    """Whether there is something to search: what was named, or any document at all."""
    there = bool(wanted.collection_ids) or opening.searchable
    return there and READ_DOCUMENTS in subject.permissions


def searches(workflow: Workflow, wanted: AgentOrder, opening: Opening, subject: Subject) -> bool:
    """Whether documents are searched first: demanded of `rag`, of `full` where there are any."""
    if workflow is Workflow.FULL:
        return _material(wanted, opening, subject)
    return workflow.searches


def _so_far(agent: AgentDefinition, wanted: AgentOrder, past: Past) -> Workflow | None:
    """Return how a turn that goes on has been worked, if that can be told."""
    if wanted.workflow is not None or not (past.searched or past.calls):
        return wanted.workflow
    ways: Sequence[Workflow] = (*agent.workflows, *Workflow)
    return next(
        each for each in ways if each.searches >= past.searched and each.calls >= bool(past.calls)
    )
