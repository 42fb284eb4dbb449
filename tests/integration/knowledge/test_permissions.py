"""Who may read and edit collections, and who may read a document, over the API."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import delete, text

from folkmoot.identity.models import Membership
from folkmoot.identity.permissions import TEAM_ADMIN, TeamRole
from folkmoot.kit.ids import CollectionId, new_id
from folkmoot.kit.subject import deployment
from folkmoot.knowledge.errors import CollectionReadOnly
from folkmoot.knowledge.ingesting.forms import FilePart
from folkmoot.knowledge.searching.queries import PLACE
from folkmoot.knowledge.sharing import grantees
from knowing import PATIENCE, Room, Visitor
from permitting import acts_as, colleague, join, leave, restrict, team, titles, user

pytestmark = pytest.mark.anyio

Body = dict[str, Any]
CLOSED = "none"


async def let(
    manager: Visitor,
    collection: str,
    *grants: Body,
    default_access: str = "none",
    status: int = 200,
) -> Body:
    data = {"default_access": default_access, "grants": list(grants)}
    answer = await manager.http.put(f"/collections/{collection}/permissions", json=data)
    assert answer.status_code == status, answer.text
    shown: Body = answer.json()
    return shown


async def statuses(visitor: Visitor, *paths: str) -> list[int]:
    return [(await visitor.http.get(path)).status_code for path in paths]


@pytest.mark.core
async def test_a_closed_collection_is_there_for_those_it_was_granted_to_and_for_nobody_else(
    ada: Visitor,
) -> None:
    ben, eve = await colleague(ada, "Ben"), await colleague(ada, "Eve")
    shelf = await ada.collection(default_access="none")
    document = await ada.tell(shelf, "Plan", "A heron that is for few.")
    paths = (
        *(f"/collections/{shelf}", f"/collections/{shelf}/documents"),
        *(f"/documents/{document}", f"/documents/{document}/text", f"/documents/{document}/file"),
        *(f"/collections/{shelf}/permissions", f"/documents/{document}/permissions"),
    )
    text = {"title": "More", "text": "Another heron."}
    assert await statuses(ben, *paths) == [404] * len(paths)

    shown = await let(ada, shelf, user(ada, level="edit"), user(ben, level="read"))
    assert [(each["name"], each["level"]) for each in shown["grants"]] == [
        ("Ada", "edit"),
        ("Ben", "read"),
    ]
    assert await statuses(ben, *paths) == [200] * len(paths)
    assert await titles(ben, shelf) == {"Plan"}
    refused = await ben.http.post(f"/collections/{shelf}/documents", json=text)
    assert (refused.status_code, refused.json()["code"]) == (403, "collection_read_only")
    assert (await ben.http.delete(f"/documents/{document}")).status_code == 403
    assert (await ben.http.get(f"/collections/{shelf}")).json()["may_edit"] is False

    await let(ada, shelf, user(ada, level="edit"), user(ben, level="edit"))
    await ben.tell(shelf, "More", "Another heron.")
    assert await titles(ben, shelf) == {"Plan", "More"}
    assert await statuses(eve, *paths) == [404] * len(paths)

    await let(ada, shelf)
    assert await statuses(ben, *paths) == [404] * len(paths)
    # Whoever says who reads something finds it, without being able to read it.
    await ben.collection(scope="user")
    for visitor, named in ((ada, [(shelf, False)]), (ben, [])):
        managed = await visitor.http.get("/collections", params={"show": "managed"})
        shared = [each for each in managed.json()["items"] if each["scope"] != "user"]
        assert [(each["id"], each["may_read"]) for each in shared] == named
    assert shelf not in (await ben.http.get("/collections")).text


async def test_who_may_only_read_by_default_changes_nothing(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    shelf = await ada.collection(default_access="read")
    document = await ada.tell(shelf, "Plan", "A heron.")
    assert await titles(ben, shelf) == {"Plan"}
    for method, path, body in (
        ("PATCH", f"/collections/{shelf}", {"name": "Mine"}),
        ("DELETE", f"/collections/{shelf}", None),
        ("DELETE", f"/documents/{document}", None),
    ):
        answer = await ben.http.request(method, path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "collection_read_only"), path
    answer = await ben.http.put(
        f"/collections/{shelf}/permissions", json={"default_access": "edit", "grants": []}
    )
    assert answer.json()["code"] == "not_yours_to_share"
    assert (await restrict(ben, document, [user(ben)], 403))["code"] == "not_yours_to_share"


@pytest.mark.core
async def test_a_restricted_document_is_there_for_its_readers_alone(ada: Visitor) -> None:
    ben, eve = await colleague(ada, "Ben"), await colleague(ada, "Eve")
    shelf = await ada.collection()
    secret = await ben.tell(shelf, "Secret", "A heron of Ben's.", external_id="secret")
    await ben.tell(shelf, "Open", "A heron of all.")
    assert (await restrict(ben, secret, [user(ben)]))["readers"][0]["name"] == "Ben"
    assert await titles(ben, shelf) == {"Secret", "Open"}
    listed = (await ben.http.get(f"/collections/{shelf}/documents?sort=title")).json()["items"]
    assert [each["restricted"] for each in listed] == [False, True]
    assert (await ben.document(secret))["restricted"] is True
    assert await titles(eve, shelf) == await titles(ada, shelf) == {"Open"}
    of_it = f"/documents/{secret}"
    paths = (of_it, f"{of_it}/text", f"{of_it}/file", f"{of_it}/permissions")
    assert await statuses(eve, *paths) == [404] * 4
    # An administrator says who reads it, which is recorded, and does not read it.
    assert await statuses(ada, *paths) == [404, 404, 404, 200]
    assert (await eve.http.delete(of_it)).status_code == 404
    text = {"title": "Mine", "text": "A heron.", "external_id": "secret"}
    taken = await eve.http.post(f"/collections/{shelf}/documents", json=text)
    assert (taken.status_code, taken.json()["code"]) == (409, "external_id_taken")
    explained = await eve.http.post(f"/collections/{shelf}/search/explain", json={"query": "heron"})
    assert secret not in explained.text
    assert [term["chunks"] for term in explained.json()["terms"]] == [1]

    await restrict(ada, secret, [user(eve)])
    assert await titles(eve, shelf) == {"Secret", "Open"}
    assert await titles(ben, shelf) == {"Open"}
    await restrict(ada, secret, None)
    assert await titles(ben, shelf) == {"Secret", "Open"}


async def test_what_a_team_was_granted_ends_with_the_place_in_it(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    group = await team(ada, "Research")
    closed, shelf = await ada.collection(default_access="none"), await ada.collection()
    await ada.tell(closed, "Plan", "A heron.")
    secret = await ada.tell(shelf, "Secret", "A heron.")
    grant = {"team_id": str(group)}
    await let(ada, closed, {**grant, "level": "edit"})
    await restrict(ada, secret, [grant])
    await join(ada, ben, group, TeamRole.VIEWER)
    assert await titles(ben, closed) == {"Plan"}
    assert await titles(ben, shelf) == {"Secret"}
    # Who only looks on in a team is granted no more than that.
    assert (await ben.http.get(f"/collections/{closed}")).json()["may_edit"] is False
    await leave(ada, ben, group)
    assert group in ben.subject.team_ids  # some process still takes them for a member
    assert await statuses(ben, f"/collections/{closed}", f"/documents/{secret}") == [404, 404]
    assert await ben.search(shelf, "heron") == []


async def test_whoever_manages_a_team_says_who_else_reads_what_is_the_teams(ada: Visitor) -> None:
    ben, eve = await colleague(ada, "Ben"), await colleague(ada, "Eve")
    group = await team(ada, "Research")
    await join(ada, ben, group, TeamRole.ADMIN)
    assert ben.subject.team_permissions[group] == TEAM_ADMIN
    shelf = await ben.collection(scope="team", team_id=str(group))
    await ben.tell(shelf, "Plan", "A heron.")
    assert await statuses(eve, f"/collections/{shelf}") == [404]
    await let(ben, shelf, user(eve, level="read"), default_access="edit")
    assert await titles(eve, shelf) == {"Plan"}


async def test_nobody_is_named_who_is_not_there_for_whoever_names_them(
    ada: Visitor, eve: Visitor
) -> None:
    ben = await colleague(ada, "Ben")
    unseen, foreign = await team(ada, "Board"), await team(eve, "Theirs")
    shelf = await ben.collection()
    document = await ben.tell(shelf, "Plan", "A heron.")
    for whom, code in (
        ({"user_id": str(eve.subject.user_id)}, "member_not_found"),
        ({"user_id": str(new_id())}, "member_not_found"),
        ({"team_id": str(foreign)}, "team_not_found"),
        ({"team_id": str(unseen)}, "team_not_found"),
        ({"team_id": str(new_id())}, "team_not_found"),
    ):
        grants = ({**whom, "level": "read"}, user(ben, level="edit"))
        assert (await let(ben, shelf, *grants, status=404))["code"] == code
        assert (await restrict(ben, document, [whom, user(ben)], 404))["code"] == code
    # What somebody else has granted to a team stays, whether or not one sees that team.
    board = {"team_id": str(unseen), "level": "read"}
    await let(ada, shelf, board, default_access="edit")
    await let(ben, shelf, board, user(ben, level="edit"))
    for wrong in ({"level": "read"}, {**user(ben, level="read"), "team_id": str(unseen)}):
        await let(ben, shelf, wrong, status=422)


async def test_whoever_goes_while_they_are_let_in_is_nobody_who_could_be(
    ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def still_there(*_asked: object) -> None:
        """Find everybody there, who then go."""

    monkeypatch.setattr(grantees, "demand_named", still_there)
    shelf = await ada.collection()
    document = await ada.tell(shelf, "Plan", "A heron.")
    for whom, code in (
        ({"user_id": str(new_id())}, "member_not_found"),
        ({"team_id": str(new_id())}, "team_not_found"),
    ):
        shown = await let(ada, shelf, {**whom, "level": "read"}, status=404)
        assert shown["code"] == code
        assert (await restrict(ada, document, [whom], 404))["code"] == code
    assert await titles(ada, shelf) == {"Plan"}


async def test_nobody_locks_themselves_out_by_mistake(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    shelf, own = await ben.collection(), await ben.collection(scope="user")
    document = await ben.tell(shelf, "Plan", "A heron.")
    assert (await let(ben, shelf, status=409))["code"] == "locks_you_out"
    assert (await let(ben, shelf, user(ben, level="read"), status=409))["code"] == "locks_you_out"
    assert (await restrict(ben, document, [user(ada)], 409))["code"] == "locks_you_out"
    assert (await let(ben, own, status=422))["code"] == "own_stays_own"
    assert await titles(ben, shelf) == {"Plan"}
    # An owner has what is theirs, whoever else may edit it.
    await let(ben, own, user(ada, level="edit"), default_access="edit")
    secret = await ada.tell(own, "Secret", "A heron.")
    shown = await restrict(ada, secret, [user(ada)])
    assert {each["name"] for each in shown["readers"]} == {"Ada", "Ben"}
    assert await titles(ben, own) == {"Secret"}


async def test_a_change_that_has_not_seen_another_is_refused_and_both_are_recorded(
    ada: Visitor,
) -> None:
    ben = await colleague(ada, "Ben")
    shelf = await ada.collection()
    document = await ada.tell(shelf, "Plan", "A heron.")
    for path, first, second in (
        (
            f"/collections/{shelf}/permissions",
            {"default_access": "read", "grants": []},
            {"default_access": "none", "grants": []},
        ),
        (f"/documents/{document}/permissions", {"readers": [user(ben)]}, {"readers": []}),
    ):
        etag = (await ada.http.get(path)).headers["etag"]

        async def put(body: Body, etag: str = etag, path: str = path) -> httpx.Response:
            return await ada.http.put(path, json=body, headers={"If-Match": etag})

        answers = await asyncio.gather(put(first), put(second))
        assert sorted(each.status_code for each in answers) == [200, 412]
    async with ada.room.database.work(ada.subject) as work:
        told = await work.session.execute(
            text("SELECT action, target_id FROM audit_events WHERE action LIKE '%permissions%'")
        )
        assert set(told.all()) == {
            ("collection.permissions_changed", shelf),
            ("document.permissions_changed", document),
        }


async def place(visitor: Visitor) -> tuple[Any, ...]:
    """Return what cached answers are told apart by."""
    async with visitor.room.database.pipelined(visitor.subject) as connection:
        cursor = await connection.execute(PLACE, {"org_id": visitor.subject.org_id})
    found = await cursor.fetchone()
    assert found is not None
    return found


async def test_a_cached_answer_is_for_those_who_may_read_the_same(ada: Visitor) -> None:
    ben, eve = await colleague(ada, "Ben"), await colleague(ada, "Eve")
    shelf = await ada.collection()
    secret = await ada.tell(shelf, "Secret", "A heron.")
    before = await place(eve)
    assert before == await place(ben)
    await restrict(ada, secret, [user(ben)])
    assert (await place(eve))[0] > before[0]
    assert (await place(ben))[1] != (await place(eve))[1]
    await let(ada, shelf, user(ada, level="edit"), user(ben, level="read"), user(eve, level="read"))
    granted = await place(eve)
    await let(ada, shelf, user(ada, level="edit"), user(ben, level="read"))
    assert (await place(eve))[1] != granted[1]


async def test_an_agent_answers_from_what_is_open_of_the_collections_that_it_names(
    ada: Visitor,
) -> None:
    ben = await colleague(ada, "Ben")
    closed, shelf = await ada.collection(), await ada.collection()
    await ada.tell(closed, "Plan", "A heron.")
    await ada.tell(shelf, "Guide", "A heron.")
    await let(ada, closed, user(ada, level="edit"))

    async def told(visitor: Visitor, *named: str) -> set[str]:
        ids = [CollectionId(UUID(each)) for each in named]
        hits = await ada.room.knowledge.retrieval.retrieve(visitor.subject, "heron", ids, 5)
        return {hit.found.title for hit in hits}

    assert await told(ada, closed, shelf) == {"Plan", "Guide"}
    assert await told(ben, closed, shelf) == {"Guide"}
    assert await told(ben, closed) == set()


async def test_what_was_granted_goes_with_whom_it_was_granted_to(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    shelf = await ada.collection(default_access="none")
    document = await ada.tell(shelf, "Plan", "A heron.")
    await let(ada, shelf, user(ben, level="read"))
    await restrict(ada, document, [user(ben)])
    async with ada.room.database.work(ada.subject) as work:
        await work.session.execute(
            delete(Membership).where(Membership.user_id == ben.subject.user_id)
        )
    shown = (await ada.http.get(f"/collections/{shelf}/permissions")).json()
    readers = (await ada.http.get(f"/documents/{document}/permissions")).json()["readers"]
    assert (shown["grants"], readers) == ([], [])  # and not everybody's again


async def test_what_nobody_reads_is_purged_with_its_collection(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    shelf = await ben.collection()
    await restrict(ada, await ada.tell(shelf, "Plan", "A heron."), [])
    assert await titles(ben, shelf) == set()
    assert (await ben.http.delete(f"/collections/{shelf}")).status_code == 204
    left = text("SELECT (SELECT count(*) FROM documents) + (SELECT count(*) FROM collections)")
    async with asyncio.timeout(PATIENCE):
        while True:
            async with ada.room.database.work(deployment(ada.subject.org_id)) as work:
                if (await work.session.scalar(left)) == 0:
                    break
            await asyncio.sleep(0.02)


async def test_what_was_sent_is_read_also_if_its_sender_is_shut_out_meanwhile(
    place: Room, ada: Visitor
) -> None:
    ben = await colleague(ada, "Ben")
    shelf = await ada.collection()
    place.embedder.gate.clear()
    sent = await ben.send(shelf, ("plan.txt", b"A heron."))
    document = sent["document_ids"][0]
    await restrict(ada, document, [user(ada)])
    place.embedder.gate.set()
    assert (await ada.settled(document))["status"] == "ready"
    assert await titles(ada, shelf) == {"plan"}
    assert await titles(ben, shelf) == set()


async def test_what_is_still_on_its_way_when_its_sender_may_edit_no_more_is_not_taken(
    place: Room, ada: Visitor
) -> None:
    ben = await colleague(ada, "Ben")
    shelf = await ada.collection()

    async def data() -> AsyncGenerator[bytes]:
        yield b"A heron."

    async def files() -> AsyncGenerator[FilePart]:
        yield FilePart("plan.txt", {}, data())
        await let(ada, shelf, user(ada, level="edit"), user(ben, level="read"))

    with pytest.raises(CollectionReadOnly):
        await place.knowledge.intake.files(ben.subject, CollectionId(UUID(shelf)), files())
    assert await titles(ada, shelf) == set()
    await place.blobs_are(0)


async def test_permissions_are_not_for_whoever_may_not_write(ada: Visitor) -> None:
    shelf = await ada.collection()
    acts_as(ada, replace(ada.subject, permissions=frozenset({"collections:read"})))
    assert await statuses(ada, f"/collections/{shelf}/permissions") == [200]
    assert (await let(ada, shelf, status=403))["code"] == "permission_denied"
