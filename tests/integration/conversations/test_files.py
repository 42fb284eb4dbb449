"""Conversations as files, out and in again."""

import re
from typing import Any

import pytest

from folkmoot.kit.ids import new_id
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says, uses
from talking import Talker, body

pytestmark = pytest.mark.anyio

ADDRESS = "/api/v1/conversations"
WHEN = "2026-11-21T09:30:00Z"


def said(name: str, parent: str | None = None, **values: Any) -> dict[str, Any]:
    role = "user" if name.startswith("q") else "assistant"
    message = {"id": name, "parent_id": parent, "role": role, "content": name, "created_at": WHEN}
    return message | values


def file(*messages: dict[str, Any], **values: Any) -> dict[str, Any]:
    head = {"format": "folkmoot.conversation", "version": 1, "title": "From elsewhere"}
    return head | {"messages": list(messages)} | values


async def exported(talker: Talker, thread: str) -> dict[str, Any]:
    async with talker.http() as client:
        answer = await client.get(f"{ADDRESS}/{thread}/export")
    assert answer.status_code == 200, answer.text
    written: dict[str, Any] = answer.json()
    return written


async def imported(talker: Talker, data: dict[str, Any]) -> str:
    async with talker.http() as client:
        made = await client.post(ADDRESS, json=data)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def shape(written: dict[str, Any]) -> list[tuple[int | None, str, str]]:
    """Return which message follows which, by their places, and what they say."""
    places = {each["id"]: place for place, each in enumerate(written["messages"])}
    return [
        (places.get(each["parent_id"]), each["role"], each["content"])
        for each in written["messages"]
    ]


@pytest.mark.core
async def test_what_was_exported_can_be_imported_with_all_its_branches(
    ada: Talker, provider: FakeProvider
) -> None:
    provider.script([uses("clock"), says("One."), says("Anew."), says("Other."), says("On.")])
    first = body("First?", "t1", workflow="tools")
    await ada.send(first)
    await ada.send(first | {"runId": new_id().hex})
    await ada.send(body("Otherwise?", "t1", parent_id=None))
    async with ada.http() as client:
        await client.patch(f"{ADDRESS}/t1", json={"tags": ["a", "b"]})
    written = await exported(ada, "t1")
    copy = await imported(ada, written)
    again = await exported(ada, copy)
    assert shape(again) == shape(written)
    assert (again["title"], again["tags"]) == ("First?", ["a", "b"])
    assert {each["id"] for each in again["messages"]}.isdisjoint(
        each["id"] for each in written["messages"]
    )
    whole, kept = await ada.messages("t1"), await ada.messages(copy)
    assert [each["content"] for each in kept] == [each["content"] for each in whole]
    assert len(kept[0]["siblings"]) == 2
    assert kept[0]["run_id"] is None
    await ada.ask("Further?", copy)
    assert len(await ada.messages(copy)) == 4


async def test_a_long_conversation_is_exported_whole(ada: Talker) -> None:
    names = [f"{'qa'[number % 2]}{number}" for number in range(250)]
    parents: list[str | None] = [None, *names]
    chain = [said(name, parent) for name, parent in zip(names, parents, strict=False)]
    copy = await imported(ada, file(*chain))
    written = await exported(ada, copy)
    assert [each["content"] for each in written["messages"]] == names
    assert [place for place, _, _ in shape(written)] == [None, *range(249)]
    async with ada.http() as client:
        text = (await client.get(f"{ADDRESS}/{copy}/export?format=markdown")).text
    assert re.findall("^[qa][0-9]+$", text, re.MULTILINE) == names


async def test_what_a_model_wrote_is_inert_in_markdown(ada: Talker) -> None:
    evil = "<script>alert(1)</script>\n![x](http://evil.example/b.png)\n````\n# Not a heading\n````"
    data = file(said("q1"), said("a1", "q1", content=evil), title="# <b>Title</b> [x](y)")
    async with ada.http() as client:
        answer = await client.get(
            f"{ADDRESS}/{await imported(ada, data)}/export", params={"format": "markdown"}
        )
    assert answer.headers["content-type"].startswith("text/markdown")
    assert answer.headers["content-disposition"] == 'attachment; filename="conversation.md"'
    head, _, rest = answer.text.partition("\n")
    assert head == r"# \# \<b\>Title\<\/b\> \[x\]\(y\)"
    fence = "`````"
    outside = re.sub(rf"^({fence}|```)text\n.*?\n\1$", "", rest, flags=re.MULTILINE | re.DOTALL)
    assert "script" not in outside
    assert "Not a heading" not in outside
    assert evil in rest


async def test_a_secret_in_a_file_is_not_kept(ada: Talker) -> None:
    secret = "sk-proj-" + "a1B2" * 12
    call = {"id": "c", "function": {"name": "fetch", "arguments": f'{{"key": "{secret}"}}'}}
    data = file(said("q1", content=f"It is {secret}"), said("a1", "q1", tool_calls=[call]))
    written = await exported(ada, await imported(ada, data))
    assert secret not in str(written)


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (file(), "/body/messages"),
        (file(said("q1"), version=2), "/body/version"),
        (file(said("q1"), format="other"), "/body/format"),
        (file(said("q1", role="system")), "/body/messages/0/role"),
        (file(said("q1", content="x" * 200_001)), "/body/messages/0/content"),
        (file(said("q1", created_at="2026-11-21T09:30:00")), "/body/messages/0/created_at"),
        (file(said("a1", tool_calls=[{"id": "c"}])), "/body/messages/0/tool_calls/0/function"),
    ],
)
async def test_a_file_that_is_no_conversation_is_refused_with_its_place(
    ada: Talker, data: dict[str, Any], pointer: str
) -> None:
    async with ada.http() as client:
        answer = await client.post(ADDRESS, json=data)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["pointer"].startswith(pointer)
        assert (await client.get(ADDRESS)).json()["items"] == []


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (file(said("q1"), said("q1")), "/body/messages/1/id"),
        (file(said("q1", "q2"), said("q2")), "/body/messages/0/parent_id"),
        (file(said("q1", "q1")), "/body/messages/0/parent_id"),
        (file(said("q1", role="tool")), "/body/messages/0/tool_call_id"),
        (file(said("q1", tool_call_id="c")), "/body/messages/0/tool_call_id"),
    ],
)
async def test_messages_that_make_no_conversation_are_refused_with_their_place(
    ada: Talker, data: dict[str, Any], pointer: str
) -> None:
    async with ada.http() as client:
        answer = await client.post(ADDRESS, json=data)
        assert (answer.status_code, answer.json()["code"]) == (409, "import_inconsistent")
        assert answer.json()["errors"][0]["pointer"] == pointer
        assert (await client.get(ADDRESS)).json()["items"] == []


async def test_another_path_than_the_first_is_shown_if_the_file_says_so(ada: Talker) -> None:
    tree = (said("q1"), said("a1", "q1"), said("a2", "q1"), said("q2", "a2"), said("a3", "q1"))
    for shown, path in (("q2", ["q1", "a2", "q2"]), ("a1", ["q1", "a1"]), ("x", ["q1", "a1"])):
        copy = await imported(ada, file(*tree, shown=shown))
        messages = await ada.messages(copy)
        assert [each["content"] for each in messages] == path
        assert len(messages[1]["siblings"]) == 3


async def test_nobody_takes_along_what_others_have_said(ada: Talker, eve: Talker) -> None:
    await ada.ask("Hello", "t1")
    async with eve.http() as client:
        for params in ({}, {"format": "markdown"}):
            answer = await client.get(f"{ADDRESS}/t1/export", params=params)
            assert (answer.status_code, answer.json()["code"]) == (404, "conversation_not_found")
