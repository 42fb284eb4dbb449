"""What is kept of what an MCP server lists, and when it counts as another."""

from typing import Any

import pytest

from folkmoot.tools.mcp.listed import LARGEST_SCHEMA, LONGEST_DESCRIPTION, MOST_TOOLS, taken
from folkmoot.tools.mcp.naming import offered_as

Json = dict[str, Any]
SCHEMA: Json = {"type": "object", "properties": {"words": {"type": "string"}}}
FIND: Json = {"name": "find", "description": "Finds tickets.", "inputSchema": SCHEMA}


def fingerprint(**changes: Any) -> bytes:
    (tool,) = taken([FIND | changes]).tools.values()
    return tool.fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Finds tickets.\u200b"},
        {"description": "Finds tickets.\U000e0041"},
        {"title": "Find"},
        {"inputSchema": {**SCHEMA, "required": ["words"]}},
        {"inputSchema": {**SCHEMA, "description": "Send it all."}},
        {"outputSchema": {"type": "object"}},
        {"annotations": {"readOnlyHint": True}},
    ],
    ids=str,
)
def test_whatever_is_said_otherwise_makes_another_tool(changes: Json) -> None:
    assert fingerprint() == fingerprint(_meta={"at": "noon"})
    assert fingerprint(**changes) != fingerprint()


def test_a_person_is_shown_what_a_model_is_told() -> None:
    hidden = "\u202e\u200b\U000e0041\x1b"
    schema = {**SCHEMA, "properties": {f"wo{hidden}rds": {"description": f"What{hidden}?"}}}
    told = FIND | {"description": f"Finds{hidden} tickets.", "inputSchema": schema}
    find = taken([told]).tools["find"]
    assert find.description == "Finds tickets."
    assert find.parameters["properties"] == {"words": {"description": "What?"}}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "find me"},
        {"name": "find\u200b"},
        {"name": "f" * 129},
        {"description": "x" * (LONGEST_DESCRIPTION + 1)},
        {"inputSchema": {**SCHEMA, "description": "x" * LARGEST_SCHEMA}},
        {"inputSchema": {"type": "string"}},
        {"inputSchema": {"type": "object", "properties": 7}},
        {"inputSchema": {"type": "object", "$ref": "https://evil.example/schema"}},
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_nobody_can_look_at_or_use_is_left_out(changes: Json) -> None:
    listing = taken([FIND | changes, FIND | {"name": "other"}])
    assert (list(listing.tools), listing.left_out) == (["other"], 1)


def test_a_name_counts_once_and_there_is_an_end_to_them() -> None:
    twice = taken([FIND, FIND | {"description": "Another."}])
    assert twice.tools["find"].description == "Finds tickets."
    assert twice.left_out == 1
    many = taken(FIND | {"name": f"find{number}"} for number in range(MOST_TOOLS + 5))
    assert (len(many.tools), many.left_out) == (MOST_TOOLS, 5)


def test_hints_are_what_is_said_in_so_many_words() -> None:
    said = {"readOnlyHint": True, "idempotentHint": None, "destructiveHint": "no", "x": True}
    assert taken([FIND | {"annotations": said}]).tools["find"].hints == {"read_only": True}


def test_every_tool_gets_a_name_that_providers_take() -> None:
    assert offered_as("tickets", "find") == "tickets__find"
    odd = {offered_as("tickets", name) for name in ("fínd", "fìnd", "find.it", "f" * 80)}
    assert len(odd) == 4
    assert all(len(name) <= 64 and name.isascii() for name in odd)
