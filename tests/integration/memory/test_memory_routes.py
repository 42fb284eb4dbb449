"""Memories, as people see and change them."""

import json
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import httpx
import psycopg
import pytest

from folkmoot.db.work import Database
from folkmoot.identity.permissions import MEMBER
from folkmoot.kit.ids import TeamId, new_id
from folkmoot.kit.personal import Person
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.llm.port import Embedder
from folkmoot.memory.errors import TooManyMemories
from folkmoot.memory.personal import OwnMemories
from folkmoot.memory.schemas import MemoryCreate, MemorySearch
from recalling import joined, remembered, rows, say, texts
from talking import Platform, Talker
from trailing import actions_of

pytestmark = pytest.mark.anyio

AT = "/api/v1/memories"


async def made(talker: Talker, text: str, **more: Any) -> httpx.Response:
    async with talker.http() as client:
        return await client.post(AT, json={"text": text, **more})


@pytest.mark.core
async def test_what_somebody_has_remembered_they_can_read_find_change_and_forget(
    ada: Talker,
) -> None:
    answer = await made(ada, "Prefers\n short answers.", kind="preference")
    assert answer.status_code == HTTPStatus.CREATED
    memory = answer.json()
    assert memory["text"] == "Prefers short answers."
    assert (memory["scope"], memory["origin"], memory["untrusted"]) == ("user", "hand", False)
    await made(ada, "Lives in Leeds.")
    assert texts(await remembered(ada, q="LEEDS")) == ["Lives in Leeds."]
    assert texts(await remembered(ada, kind="preference")) == ["Prefers short answers."]
    assert texts(await remembered(ada, origin="conversation")) == []
    async with ada.http() as client:
        read = await client.get(f"{AT}/{memory['id']}")
        found = await client.post(f"{AT}/search", json={"query": "Where does she live? Leeds?"})
        assert found.json()["hits"][0]["memory"]["text"] == "Lives in Leeds."
        known = {"If-Match": read.headers["etag"]}
        change = {"text": "Prefers long answers.", "valid_until": "2126-01-01T00:00:00Z"}
        changed = await client.patch(f"{AT}/{memory['id']}", json=change, headers=known)
        assert changed.json()["text"] == "Prefers long answers."
        late = await client.patch(f"{AT}/{memory['id']}", json={"kind": "fact"}, headers=known)
        assert late.status_code == HTTPStatus.PRECONDITION_FAILED
        status = (await client.get(f"{AT}/status")).json()
        assert (status["memories"], status["memory"], status["reading"]) == (2, "full", "on")
        export = await client.get(f"{AT}/export")
        assert texts(export.json()["memories"]) == ["Lives in Leeds.", "Prefers long answers."]
        gone = await client.delete(f"{AT}/{memory['id']}")
        assert gone.status_code == HTTPStatus.NO_CONTENT
        assert (await client.get(f"{AT}/{memory['id']}")).status_code == HTTPStatus.NOT_FOUND
        assert (await client.delete(AT)).json() == {"deleted": 1}
    assert await remembered(ada) == []


class Broken:
    """An embedder that never answers."""

    embedding = "openai:none"

    async def embedder(self, subject: Subject) -> Embedder:
        raise ModelUnavailable(f"openai:none of {subject.org_id}")


async def test_what_has_no_vector_is_found_by_its_words_until_it_gets_one(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    await made(ada, "Is allergic to walnuts.")
    whole = serving.memory.memories
    recall = replace(whole.recall, embedders=Broken())
    broken = replace(whole, embedders=Broken(), recall=recall)
    await broken.create(ada.subject, MemoryCreate(text="Keeps three walnut trees."))
    await broken.create(ada.subject, MemoryCreate(text="Lives in Leeds."))
    hits = (await broken.search(ada.subject, MemorySearch(query="Any walnuts?"))).hits
    found = [(hit.memory.text, hit.likeness) for hit in hits]
    assert sorted(found) == [("Is allergic to walnuts.", None), ("Keeps three walnut trees.", None)]
    hits = (await whole.search(ada.subject, MemorySearch(query="Any walnuts?"))).hits
    assert [hit.memory.text for hit in hits if hit.likeness is None] == [
        "Keeps three walnut trees."
    ]
    assert [row["embedder"] is None for row in rows(superuser_address)] == [False, True, True]
    await replace(serving.memory.tending, embedders=Broken()).tend()
    assert [row["embedder"] is None for row in rows(superuser_address)] == [False, True, True]
    await serving.memory.tending.tend()
    assert {row["embedder"] for row in rows(superuser_address)} == {"offline:hash/384"}


async def test_what_is_over_is_not_there_and_goes_within_the_hour(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    memory = (await made(ada, "Is on leave.", valid_until="2020-01-01T00:00:00Z")).json()
    assert await remembered(ada) == []
    async with ada.http() as client:
        assert (await client.get(f"{AT}/{memory['id']}")).status_code == HTTPStatus.NOT_FOUND
    assert len(rows(superuser_address)) == 1
    await serving.memory.tending.tend()
    assert rows(superuser_address) == []


async def test_what_was_found_and_not_used_for_as_long_as_settings_say_is_forgotten(
    ada: Talker, serving: Platform, superuser_address: str
) -> None:
    found = ("Is old.", "Is old and used.", "Is old and changed.", "Is new.")
    for text in (*found, "Is old, and written by hand."):
        await made(ada, text)
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE memories SET origin = CASE WHEN text LIKE '%hand.' THEN 'hand'"
            " ELSE 'conversation' END, created_at = now() - interval '60 days',"
            " updated_at = now() - CASE WHEN text LIKE '%changed.' THEN interval '9 days'"
            " ELSE interval '60 days' END,"
            " used_at = CASE WHEN text LIKE '%used.' THEN now() - interval '29 days' END"
            " WHERE text <> 'Is new.'"
        )
    await serving.memory.tending.tend()
    assert len(await remembered(ada)) == 5
    await say(serving.settings, ada.subject, memory_days=30)
    await serving.memory.tending.tend()
    assert "Is old." not in texts(await remembered(ada))
    assert len(await remembered(ada)) == 4
    await say(serving.settings, ada.subject, memory_days=3)
    await serving.memory.tending.tend()
    assert texts(await remembered(ada)) == ["Is new.", "Is old, and written by hand."]
    told = [each for each in rows(superuser_address, "audit_events") if "expired" in each["action"]]
    assert sorted(each["after"] for each in told) == ['{"memories":1}', '{"memories":2}']


async def test_the_words_of_what_is_over_can_be_remembered_anew(ada: Talker) -> None:
    over = {"valid_until": "2020-01-01T00:00:00Z"}
    await made(ada, "Is on leave.", **over)
    again = await made(ada, "Is on leave.")
    assert again.status_code == HTTPStatus.CREATED
    await made(ada, "Is in Leeds.", **over)
    async with ada.http() as client:
        at = f"{AT}/{again.json()['id']}"
        assert (await client.patch(at, json={"text": "is in Leeds."})).is_success
    assert texts(await remembered(ada)) == ["is in Leeds."]


async def test_what_can_have_no_vector_keeps_no_other_memory_from_getting_one(
    ada: Talker, eve: Talker, serving: Platform, superuser_address: str
) -> None:
    class Fails:
        """An embedder that some may not use."""

        embedding = serving.memory.tending.embedders.embedding

        async def embedder(self, subject: Subject) -> Embedder:
            if subject.user_id == ada.subject.user_id:
                raise ModelUnavailable(self.embedding)
            return await serving.memory.tending.embedders.embedder(subject)

    broken = replace(serving.memory.memories, embedders=Broken())
    await broken.create(ada.subject, MemoryCreate(text="Lives in York."))
    await broken.create(eve.subject, MemoryCreate(text="!"))
    await broken.create(eve.subject, MemoryCreate(text="Lives in Leeds."))
    before = {row["id"]: row["updated_at"] for row in rows(superuser_address)}
    await replace(serving.memory.tending, embedders=Fails()).tend()
    found = rows(superuser_address)
    assert [row["text"] for row in found if row["embedder"]] == ["Lives in Leeds."]
    assert {row["id"]: row["updated_at"] for row in found} == before


async def test_the_same_is_remembered_once_no_secret_is_and_there_is_a_limit(
    ada: Talker, serving: Platform
) -> None:
    secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"
    first = (await made(ada, f"The key is {secret}.")).json()
    assert secret not in first["text"]
    await made(ada, "Lives in Leeds.")
    assert (await made(ada, "lives in LEEDS.")).json()["code"] == "memory_known"
    async with ada.http() as client:
        same = await client.patch(f"{AT}/{first['id']}", json={"text": "Lives in Leeds."})
        assert same.json()["code"] == "memory_known"
    small = replace(serving.memory.memories, most=2)
    with pytest.raises(TooManyMemories):
        await small.create(ada.subject, MemoryCreate(text="Has a dog."))


async def test_what_is_shared_is_read_by_members_and_changed_by_those_who_manage_it(
    ada: Talker, serving: Platform, superuser_address: str, database: Database
) -> None:
    team = TeamId(new_id())
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "INSERT INTO teams (org_id, id, name, created_at, updated_at)"
            " VALUES (%s, %s, 'Readers', now(), now())",
            (ada.subject.org_id, team),
        )
    member = replace(joined(superuser_address, ada.subject, "bob"), permissions=MEMBER)
    leads = replace(member, team_ids=(team,), team_permissions={team: frozenset({"team:write"})})
    bob, lead = serving.talker(member), serving.talker(leads)
    shared = (await made(ada, "We close at six.", scope="organization")).json()
    assert (await made(lead, "We meet on Mondays.", scope="team", team_id=str(team))).is_success
    assert (await made(bob, "We never meet.", scope="organization")).status_code == 403
    assert (await made(bob, "We never meet.", scope="team", team_id=str(team))).status_code == 404
    assert texts(await remembered(bob)) == ["We close at six."]
    assert texts(await remembered(lead)) == ["We close at six.", "We meet on Mondays."]
    assert texts(await remembered(lead, scope="team")) == ["We meet on Mondays."]
    async with bob.http() as client:
        at = f"{AT}/{shared['id']}"
        assert (await client.get(at)).is_success
        assert (await client.patch(at, json={"text": "We never close."})).status_code == 403
        assert (await client.delete(at)).status_code == 403
        assert (await client.delete(AT, params={"scope": "organization"})).status_code == 403
    async with ada.http() as client:
        await client.delete(f"{AT}/{shared['id']}")
    done = await actions_of(database, ada.subject)
    assert [each for each in done if each.startswith("memory.")] == [
        "memory.created",
        "memory.created",
        "memory.deleted",
    ]


async def test_what_is_doubtful_is_trusted_once_its_owner_says_so(
    ada: Talker, database: Database, superuser_address: str
) -> None:
    ids = [(await made(ada, f"Fact {number}.")).json()["id"] for number in range(2)]
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE memories SET untrusted = true, origin = 'conversation'")
    assert len(await remembered(ada, untrusted="true")) == 2
    async with ada.http() as client:
        other_kind = await client.patch(f"{AT}/{ids[0]}", json={"kind": "goal"})
        assert other_kind.json()["untrusted"] is True
        trusted = await client.patch(f"{AT}/{ids[0]}", json={"untrusted": False})
        assert (trusted.json()["untrusted"], trusted.json()["origin"]) == (False, "conversation")
        written = await client.patch(f"{AT}/{ids[1]}", json={"text": "Fact 3."})
        assert (written.json()["untrusted"], written.json()["origin"]) == (False, "hand")
        assert (await client.patch(f"{AT}/{ids[1]}", json={"untrusted": True})).status_code == 422
    assert (await actions_of(database, ada.subject)).count("memory.trusted") == 2


async def test_what_the_person_has_goes_with_them_and_is_taken_along(
    ada: Talker, eve: Talker, database: Database, superuser_address: str
) -> None:
    await made(ada, "Lives in Leeds.")
    await made(ada, "We close at six.", scope="organization")
    await made(eve, "Lives in York.")
    person = Person(user_id=ada.subject.user_id, places=(ada.subject.org_id,))
    kept = OwnMemories(database)
    exported = [
        (file.name, b"".join([part async for part in file.parts]))
        async for file in kept.export(person)
    ]
    assert [name.rpartition("/")[2] for name, _ in exported] == [
        "memories.jsonl",
        "memory_turns.jsonl",
    ]
    assert [line["text"] for line in map(json.loads, exported[0][1].splitlines())] == [
        "Lives in Leeds."
    ]
    for _ in range(2):
        await kept.erase(person)
    left = {row["text"]: row["created_by"] for row in rows(superuser_address)}
    assert left == {"We close at six.": None, "Lives in York.": eve.subject.user_id}
