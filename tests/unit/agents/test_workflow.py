"""Which way a turn is worked."""

from dataclasses import replace

import pytest

from folkmoot.agents.builtin import CHAT
from folkmoot.agents.content import AgentContent
from folkmoot.agents.definition import Workflow
from folkmoot.agents.order import AgentOrder
from folkmoot.agents.ports import Opening
from folkmoot.agents.registry import AgentRegistry
from folkmoot.agents.schemas import AgentUpdate
from folkmoot.agents.ways import READ_DOCUMENTS, chosen
from folkmoot.kit.ids import OrgId, UserId, new_id
from folkmoot.kit.subject import Subject

ORDER = AgentOrder(agent="chat", conversation_id="c", message_id="m", model="openai:x")
READER = Subject(OrgId(new_id()), UserId(new_id()), frozenset({READ_DOCUMENTS}))
STRANGER = replace(READER, permissions=frozenset())
NOTHING = Opening(history=[], question="Why?")
LIBRARY = replace(NOTHING, searchable=True)


def test_what_the_caller_asks_for_comes_first() -> None:
    wanted = AgentOrder(
        agent="chat",
        conversation_id="c",
        message_id="m",
        model="openai:x",
        workflow=Workflow.TOOLS,
        collection_ids=("x",),
    )
    assert chosen(CHAT, wanted, LIBRARY, READER) is Workflow.TOOLS


@pytest.mark.parametrize(
    ("collections", "opening", "subject", "workflow"),
    [
        ((), NOTHING, READER, Workflow.PLAIN),
        ((), LIBRARY, READER, Workflow.RAG),
        ((), LIBRARY, STRANGER, Workflow.PLAIN),
        (("x",), NOTHING, READER, Workflow.RAG),
    ],
)
def test_an_agent_searches_first_if_there_is_something_to_search(
    collections: tuple[str, ...], opening: Opening, subject: Subject, workflow: Workflow
) -> None:
    wanted = AgentOrder(
        agent="chat",
        conversation_id="c",
        message_id="m",
        model="openai:x",
        collection_ids=collections,
    )
    assert chosen(CHAT, wanted, opening, subject) is workflow


def test_an_agent_that_can_not_search_does_what_it_can() -> None:
    plain = replace(CHAT, workflows=(Workflow.TOOLS,))
    assert chosen(plain, ORDER, LIBRARY, READER) is Workflow.TOOLS


def test_an_agent_whose_tools_are_not_there_is_refused_at_the_start() -> None:
    with pytest.raises(KeyError, match="clock"):
        AgentRegistry([CHAT])


def test_a_turn_with_all_there_is_searches_and_calls() -> None:
    full = replace(CHAT, workflows=(Workflow.TOOLS, Workflow.FULL))
    assert chosen(full, ORDER, LIBRARY, READER) is Workflow.FULL
    assert chosen(full, ORDER, NOTHING, READER) is Workflow.TOOLS
    assert [each for each in Workflow if each.searches and each.calls] == [Workflow.FULL]


def test_whatever_makes_an_agent_can_be_changed() -> None:
    assert AgentContent.model_fields.keys() <= AgentUpdate.model_fields.keys()
