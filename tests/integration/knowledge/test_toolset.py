"""The search tool as an agent calls it."""

from dataclasses import replace
from typing import cast
from uuid import UUID

import pytest

from folkmoot.http.access import PermissionDenied
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.toolset import NOTHING, search_tool
from folkmoot.runs.live import LiveRun
from folkmoot.tools.sources import Sources
from folkmoot.tools.tool import ToolContext
from knowing import Room, Visitor

pytestmark = pytest.mark.anyio


def context(subject: Subject, sources: Sources | None = None) -> ToolContext:
    """A call of no run: the tool asks a run for nothing but its collections."""
    return ToolContext(cast(LiveRun, None), subject, "call", sources or Sources())


async def test_passages_are_numbered_through_the_whole_turn(place: Room, ada: Visitor) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "Herons", "The heron waits for fish.")
    await ada.tell(shelf, "Storks", "The stork builds a nest.")
    tool, sources = search_tool(place.knowledge.retrieval), Sources()
    first = await tool.call(context(ada.subject, sources), {"query": "heron"})
    second = await tool.call(context(ada.subject, sources), {"query": "heron stork"})
    assert "[1] Herons\nThe heron waits for fish." in first
    assert "[1] Herons" in second
    assert "[2] Storks" in second
    assert [each.title for each in sources.passages] == ["Herons", "Storks"]


async def test_nothing_found_is_said(place: Room, ada: Visitor) -> None:
    tool = search_tool(place.knowledge.retrieval)
    assert await tool.call(context(ada.subject), {"query": "heron"}) == NOTHING


async def test_it_finds_what_its_user_may_read_and_no_more(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    await ada.tell(await ada.collection(), "Herons", "The heron waits for fish.")
    tool = search_tool(place.knowledge.retrieval)
    assert await tool.call(context(eve.subject), {"query": "heron"}) == NOTHING
    narrow = replace(ada.subject, permissions=frozenset({"runs:read"}))
    with pytest.raises(PermissionDenied):
        await tool.call(context(narrow), {"query": "heron"})


async def test_a_run_can_be_limited_to_collections(place: Room, ada: Visitor) -> None:
    one, two = await ada.collection(), await ada.collection()
    await ada.tell(one, "Herons", "The heron waits for fish.")
    await ada.tell(two, "Others", "Another heron.")
    tool = search_tool(place.knowledge.retrieval, lambda _run: [CollectionId(UUID(two))])
    found = await tool.call(context(ada.subject), {"query": "heron"})
    assert "Others" in found
    assert "Herons" not in found
