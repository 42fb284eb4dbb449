"""Agents that organisations make, and their versions."""

import json
from typing import Any

import pytest

from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from folkmoot.testing.replies import says
from making import READER, Maker, maker
from talking import Platform, body, text_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def grace(serving: Platform, subject: Subject) -> Maker:
    """Somebody who makes agents."""
    return maker(serving, subject)


@pytest.fixture
def linus(serving: Platform, subject: Subject) -> Maker:
    """Somebody of the same organisation who does not."""
    return maker(serving, subject, READER)


@pytest.fixture
def mallory(serving: Platform, other_subject: Subject) -> Maker:
    """Somebody who makes agents in another organisation."""
    return maker(serving, other_subject)


def prompt(provider: FakeProvider, place: int = -1) -> str:
    """Return what a model was told first."""
    messages: list[dict[str, Any]] = json.loads(provider.chats[place].body)["messages"]
    return str(messages[0]["content"])


async def refused(asker: Maker, agent: str, **props: Any) -> tuple[int, str]:
    answer = await asker.post(body("Hello", **props), agent)
    return answer.status_code, answer.json()["code"]


@pytest.mark.core
async def test_an_agent_that_was_made_answers_by_its_slug_and_by_its_id(
    grace: Maker, linus: Maker, provider: FakeProvider
) -> None:
    made = await grace.make(system_prompt="You sell lamps.", temperature=0, max_output_tokens=99)
    for name in ("support", made["id"]):
        provider.script([says("Lamps.")])
        assert text_of(await linus.send(body("What do you sell?"), name)) == "Lamps."
        assert prompt(provider) == "You sell lamps."
    asked = json.loads(provider.chats[-1].body)
    assert asked["temperature"] == 0
    assert 99 in {asked.get("max_tokens"), asked.get("max_completion_tokens")}


async def test_a_version_that_is_not_published_is_only_for_those_who_make_agents(
    grace: Maker, linus: Maker, provider: FakeProvider
) -> None:
    await grace.make(system_prompt="First.")
    changed = await grace.change("support", system_prompt="Second.", note="shorter")
    assert (changed["latest"], changed["labels"]) == (2, {"production": 1})
    provider.script([says("one"), says("two"), says("two")])
    await linus.send(body("Hello"), "support")
    assert prompt(provider) == "First."
    await grace.send(body("Hello", version=2), "support")
    assert prompt(provider) == "Second."
    hidden = (404, "agent_version_not_found")
    assert await refused(linus, "support", version=2) == hidden
    assert await refused(linus, "support", version="staging") == hidden
    assert await refused(grace, "support", version=3) == hidden
    await grace.publish("support", 2, "staging")
    await linus.send(body("Hello", version="staging"), "support")
    assert prompt(provider) == "Second."


async def test_whoever_makes_agents_is_told_what_tools_there_are(grace: Maker) -> None:
    async with grace.http() as client:
        told = (await client.get("/api/v1/tools")).json()["items"]
    assert {"calculator", "clock"} <= {tool["name"] for tool in told}
    await grace.make(workflows=["tools"], tools=[tool["name"] for tool in told])


async def test_an_older_version_can_be_published_again(
    grace: Maker, provider: FakeProvider
) -> None:
    await grace.make(system_prompt="First.")
    await grace.change("support", system_prompt="Second.")
    for number, told in ((2, "Second."), (1, "First.")):
        await grace.publish("support", number)
        provider.script([says("Yes.")])
        await grace.send(body("Hello"), "support")
        assert prompt(provider) == told
    missing = await grace.call("POST", "/support/versions/3/publish", {})
    assert (missing.status_code, missing.json()["code"]) == (404, "agent_version_not_found")


async def test_a_conversation_goes_on_with_the_version_that_is_published_then(
    grace: Maker, provider: FakeProvider
) -> None:
    await grace.make(system_prompt="First.")
    provider.script([says("One."), says("Two.")])
    first = body("Hello", "t1")
    await grace.send(first, "support")
    await grace.change("support", system_prompt="Second.")
    await grace.publish("support", 2)
    second = body("And now?", "t1")
    await grace.send(second, "support")
    assert [each["content"] for each in await grace.messages("t1")] == [
        "Hello",
        "One.",
        "And now?",
        "Two.",
    ]
    async with grace.http() as client:
        inputs = [
            (await client.get(f"/api/v1/runs/{each['runId']}")).json()["input"]
            for each in (first, second)
        ]
    assert [each["version"] for each in inputs] == [1, 2]
    assert inputs[0]["agent"] == inputs[1]["agent"]


async def test_an_agent_without_a_published_version_is_there_for_its_makers(
    grace: Maker, linus: Maker
) -> None:
    await grace.make(publish=False)
    assert await refused(grace, "support") == (409, "agent_not_published")
    assert await refused(linus, "support") == (404, "agent_not_found")
    listed = {each["slug"]: each for each in await choices(grace)}
    assert not listed["support"]["available"]
    assert listed["support"]["version"] is None
    assert "support" not in {each["slug"] for each in await choices(linus)}
    await grace.publish("support", 1)
    assert [each["slug"] for each in await choices(linus)] == ["chat", "support"]
    assert (await grace.call("DELETE", "/support/labels/production")).status_code == 204
    assert await refused(grace, "support") == (409, "agent_not_published")
    assert (await grace.call("DELETE", "/support/labels/production")).status_code == 404


async def choices(asker: Maker) -> list[dict[str, Any]]:
    async with asker.http() as client:
        items: list[dict[str, Any]] = (await client.get("/api/agents")).json()["items"]
        return items


async def test_agents_tell_what_clients_may_count_on(grace: Maker) -> None:
    await grace.make(
        name="Support",
        description="Knows lamps.",
        workflows=["tools"],
        tools=["calculator"],
        output_schema={"type": "object"},
    )
    chat, support = await choices(grace)
    assert (chat["origin"], support["origin"]) == ("built_in", "organization")
    assert (support["version"], support["available"]) == (1, True)
    told = support["capabilities"]
    assert told["identity"]["description"] == "Knows lamps."
    assert told["transport"] == {"streaming": True, "resumable": True}
    assert [tool["name"] for tool in told["tools"]["items"]] == ["calculator"]
    assert told["tools"]["items"][0]["parameters"]["type"] == "object"
    assert told["output"]["structuredOutput"]
    assert not chat["capabilities"]["output"]["structuredOutput"]
    assert chat["capabilities"]["custom"]["citations"]


async def test_another_organization_does_not_see_it_anywhere(grace: Maker, mallory: Maker) -> None:
    made = await grace.make()
    for name in (made["id"], "support"):
        absent = str(new_id())
        assert await refused(mallory, name) == await refused(mallory, absent)
        for method, path, data in (
            ("GET", "", None),
            ("PATCH", "", {"name": "Mine"}),
            ("DELETE", "", None),
            ("POST", "/restore", None),
            ("GET", "/versions", None),
            ("GET", "/versions/1", None),
            ("GET", "/versions/1/diff", None),
            ("POST", "/versions/1/publish", {}),
            ("DELETE", "/labels/production", None),
        ):
            foreign = await mallory.call(method, f"/{name}{path}", data)
            missing = await mallory.call(method, f"/{absent}{path}", data)
            assert foreign.status_code == missing.status_code == 404, (method, path)
            assert foreign.json()["detail"] == missing.json()["detail"]
    assert [each["slug"] for each in await choices(mallory)] == ["chat"]
    await mallory.make()  # the same slug is theirs to take


async def test_who_may_not_make_agents_makes_none(grace: Maker, linus: Maker) -> None:
    await grace.make()
    for method, path, data in (
        ("POST", "", {"slug": "mine", "name": "Mine", "system_prompt": "Hm."}),
        ("PATCH", "/support", {"name": "Mine"}),
        ("DELETE", "/support", None),
        ("POST", "/support/versions/1/publish", {}),
    ):
        answer = await linus.call(method, path, data)
        assert (answer.status_code, answer.json()["permission"]) == (403, "agents:write")


async def test_slugs_are_unique_in_an_organization(grace: Maker) -> None:
    first = await grace.make()
    body = {"slug": "support", "name": "Another", "system_prompt": "Hm."}
    taken = (409, "agent_slug_taken")
    for slug in ("support", "chat"):
        answer = await grace.call("POST", "", body | {"slug": slug})
        assert (answer.status_code, answer.json()["code"]) == taken
    assert (await grace.call("DELETE", "/support")).status_code == 204
    await grace.make()
    answer = await grace.call("POST", f"/{first['id']}/restore")
    assert (answer.status_code, answer.json()["code"]) == taken
    for slug in ("Support", "a", "x" * 49, "a b", str(new_id()), "a" * 32):
        answer = await grace.call("POST", "", body | {"slug": slug})
        assert answer.status_code == 422, slug


async def test_a_deleted_agent_is_gone_at_once_and_can_be_restored(
    grace: Maker, provider: FakeProvider
) -> None:
    made = await grace.make()
    provider.script([says("Hello."), says("Back.")])
    await grace.send(body("Hello"), "support")
    assert (await grace.call("DELETE", "/support")).status_code == 204
    assert await refused(grace, "support") == (404, "agent_not_found")
    assert await refused(grace, made["id"]) == (404, "agent_not_found")
    assert (await grace.call("GET", "/support")).status_code == 404
    assert [each["slug"] for each in await choices(grace)] == ["chat"]
    for _ in range(2):
        restored = await grace.call("POST", f"/{made['id']}/restore")
        assert restored.json()["labels"] == {"production": 1}
    assert text_of(await grace.send(body("Hello"), "support")) == "Back."


async def test_versions_are_listed_and_compared(grace: Maker) -> None:
    await grace.make(system_prompt="Be kind.\nBe brief.", note="first")
    await grace.change("support", system_prompt="Be kind.\nBe exact.", tools=["clock"], note="b")
    await grace.change("support", system_prompt="Be kind.\nBe exact.", name="Help")
    listed = (await grace.call("GET", "/support/versions")).json()["items"]
    assert [(each["number"], each["note"], each["labels"]) for each in listed] == [
        (2, "b", []),
        (1, "first", ["production"]),
    ]
    assert (await grace.call("GET", "/support/versions/2")).json() == listed[0]
    compared = (await grace.call("GET", "/support/versions/2/diff?against=1")).json()
    prompts, tools = compared["changes"]
    assert prompts["field"] == "system_prompt"
    assert prompts["lines"][1:] == [" Be kind.", "-Be brief.", "+Be exact."]
    assert (tools["field"], tools["before"], tools["after"]) == ("tools", [], ["clock"])
    assert tools["lines"] is None
    assert (await grace.call("GET", "/support")).json()["name"] == "Help"


async def test_what_is_unset_is_unset_and_what_is_not_named_stays(grace: Maker) -> None:
    await grace.make(model="openai:gpt", temperature=0.5)
    changed = await grace.change("support", temperature=None, system_prompt=None)
    assert changed["content"]["temperature"] is None
    assert changed["content"]["model"] == "openai:gpt"
    assert changed["content"]["system_prompt"] == "Be brief."
    assert changed["latest"] == 2


async def test_a_change_does_not_overwrite_another_one_unseen(grace: Maker) -> None:
    await grace.make()
    seen = (await grace.call("GET", "/support")).headers["etag"]
    await grace.change("support", name="Help")
    late = await grace.call("PATCH", "/support", {"name": "Support"}, **{"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")


def nested(levels: int) -> dict[str, Any]:
    """Return a schema of objects within objects."""
    inner: dict[str, Any] = {"type": "object"}
    for _ in range(levels // 2):
        inner = {"type": "object", "properties": {"in": inner}}
    return inner


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"tools": ["calculator", "rocket"]}, "/body/tools/1"),
        ({"model": "nobody:gpt"}, "/body/model"),
        ({"workflows": []}, "/body/workflows"),
        ({"workflows": ["plain", "plain"]}, "/body/workflows"),
        ({"system_prompt": " "}, "/body/system_prompt"),
        ({"most_answers": 51}, "/body/most_answers"),
        ({"output_schema": {"type": "nonsense"}}, "/body/output_schema"),
        ({"output_schema": {"type": "array"}}, "/body/output_schema"),
        ({"output_schema": {"type": "object", "required": 1}}, "/body/output_schema"),
        ({"output_schema": {"type": "object", "$ref": "https://a.example"}}, "/body/output_schema"),
        ({"output_schema": {"type": "object", "$schema": "draft-7"}}, "/body/output_schema"),
        ({"output_schema": {"type": "object", "title": "x" * 40_000}}, "/body/output_schema"),
        ({"output_schema": nested(40)}, "/body/output_schema"),
    ],
)
async def test_what_would_not_work_is_refused_and_said(
    grace: Maker, values: dict[str, Any], pointer: str
) -> None:
    made = {"slug": "support", "name": "Support", "system_prompt": "Be brief."}
    answer = await grace.call("POST", "", made | values)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    await grace.make()
    answer = await grace.call("PATCH", "/support", values)
    assert answer.status_code == 422
    assert (await grace.call("GET", "/support")).json()["latest"] == 1
