"""Collections over the API."""

import asyncio
from dataclasses import replace

import httpx
import pytest
from sqlalchemy import text

from changing import one_of_ten_counts
from folkmoot.identity.permissions import MEMBER, TEAM_MEMBER, TEAM_VIEWER
from folkmoot.kit.ids import TeamId, UserId, new_id
from knowing import PATIENCE, Room, Visitor

pytestmark = pytest.mark.anyio


async def test_a_created_collection_can_be_read_changed_and_listed(ada: Visitor) -> None:
    created = (await ada.http.post("/collections", json={"name": " Birds "})).json()
    assert (created["name"], created["scope"], created["documents"]) == ("Birds", "organization", 0)
    path = f"/collections/{created['id']}"
    changed = (await ada.http.patch(path, json={"description": "All of them"})).json()
    assert (changed["name"], changed["description"]) == ("Birds", "All of them")
    assert (await ada.http.get(path)).json() == changed
    assert (await ada.http.patch(path, json={"description": None})).json()["description"] is None


async def test_of_ten_changes_made_at_once_to_the_same_collection_one_counts(ada: Visitor) -> None:
    assert await one_of_ten_counts(ada.http, f"/collections/{await ada.collection()}", "name")


async def test_pages_of_collections_join_up_without_gap_or_overlap(ada: Visitor) -> None:
    made = [await ada.collection(name=f"c{n}") for n in range(5)]
    first = (await ada.http.get("/collections", params={"limit": 3})).json()
    cursor = first["next_cursor"]
    rest = (await ada.http.get("/collections", params={"limit": 3, "cursor": cursor})).json()
    assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


@pytest.mark.parametrize(
    "data",
    [{"name": ""}, {"name": "  "}, {"name": "x" * 201}, {}, {"name": "x", "scope": "world"}],
)
async def test_a_collection_needs_a_name_and_a_known_scope(
    ada: Visitor, data: dict[str, str]
) -> None:
    answer = await ada.http.post("/collections", json=data)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_personal_collection_is_seen_by_nobody_else(place: Room, ada: Visitor) -> None:
    colleague = place.visitor(replace(ada.subject, user_id=UserId(new_id())))
    private = await ada.collection(scope="user")
    shared = await ada.collection()
    await ada.tell(private, "Diary", "A secret heron.")
    assert (await colleague.http.get(f"/collections/{shared}")).status_code == 200
    for method, path in [
        ("GET", f"/collections/{private}"),
        ("DELETE", f"/collections/{private}"),
        ("GET", f"/collections/{private}/documents"),
        ("POST", f"/collections/{private}/search"),
    ]:
        json = {"query": "heron"} if method == "POST" else None
        answer = await colleague.http.request(method, path, json=json)
        assert answer.status_code == 404
        assert answer.json()["code"] == "collection_not_found"
    listed = (await colleague.http.get("/collections")).json()["items"]
    assert [each["id"] for each in listed] == [shared]


async def test_a_team_collection_is_seen_by_its_team(place: Room, ada: Visitor) -> None:
    team = TeamId(new_id())
    member = place.visitor(replace(ada.subject, team_ids=(team,)))
    other = place.visitor(replace(ada.subject, user_id=UserId(new_id())))
    made = await member.http.post(
        "/collections", json={"name": "Ours", "scope": "team", "team_id": str(team)}
    )
    assert made.json()["team_id"] == str(team)
    path = f"/collections/{made.json()['id']}"
    assert (await member.http.get(path)).status_code == 200
    assert (await other.http.get(path)).status_code == 404


async def test_a_team_one_is_not_in_is_not_found(ada: Visitor) -> None:
    for team_id in (str(new_id()), None):
        data = {"name": "Theirs", "scope": "team", "team_id": team_id}
        answer = await ada.http.post("/collections", json=data)
        assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found")


async def test_who_only_views_a_team_changes_nothing_of_it(place: Room, ada: Visitor) -> None:
    team = TeamId(new_id())
    in_team = replace(ada.subject, permissions=MEMBER, team_ids=(team,))
    writer, viewer = (
        place.visitor(replace(in_team, user_id=UserId(new_id()), team_permissions={team: rights}))
        for rights in (TEAM_MEMBER, TEAM_VIEWER)
    )
    data = {"name": "Ours", "scope": "team", "team_id": str(team)}
    assert (await viewer.http.post("/collections", json=data)).status_code == 403
    path = f"/collections/{(await writer.http.post('/collections', json=data)).json()['id']}"
    text = {"title": "Heron", "text": "A heron that stays."}
    added = await writer.http.post(f"{path}/documents", json=text)
    document = f"/documents/{added.json()['document_ids'][0]}"
    assert (await viewer.http.get(document)).status_code == 200
    for method, where, body in (
        ("PATCH", path, {"name": "Mine"}),
        ("POST", f"{path}/documents", text),
        ("DELETE", document, None),
        ("DELETE", path, None),
    ):
        answer = await viewer.http.request(method, where, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), where


async def test_a_deleted_collection_is_gone_at_once_and_purged_soon(
    place: Room, ada: Visitor
) -> None:
    kept, gone = await ada.collection(), await ada.collection()
    await ada.tell(kept, "Kept", "A heron that stays.")
    document = await ada.tell(gone, "Gone", "A heron that goes.")
    assert (await ada.http.delete(f"/collections/{gone}")).status_code == 204
    for path in (f"/collections/{gone}", f"/documents/{document}", f"/documents/{document}/text"):
        assert (await ada.http.get(path)).status_code == 404
    answer = await ada.http.post(f"/collections/{gone}/search", json={"query": "heron"})
    assert answer.status_code == 404
    assert (await ada.http.delete(f"/collections/{gone}")).status_code == 404
    async with asyncio.timeout(PATIENCE):
        while True:
            if await left(place, ada) == (1, 1, 1):
                break
            await asyncio.sleep(0.02)
    assert len(await ada.search(kept, "heron")) == 1


async def left(place: Room, visitor: Visitor) -> tuple[int, ...]:
    """Count collections, documents and blobs."""
    async with place.database.work(visitor.subject) as work:
        counted = await work.session.execute(
            text("SELECT (SELECT count(*) FROM collections), (SELECT count(*) FROM documents)")
        )
        collections, documents = counted.one()
    blobs = len([path for path in place.directory.rglob("*") if path.is_file()])
    return collections, documents, blobs


@pytest.mark.core
@pytest.mark.parametrize(
    ("method", "path", "json"),
    [
        ("GET", "/collections/{id}", None),
        ("PATCH", "/collections/{id}", {"name": "Mine"}),
        ("DELETE", "/collections/{id}", None),
        ("GET", "/collections/{id}/documents", None),
        ("POST", "/collections/{id}/documents", {"title": "x", "text": "y"}),
        ("POST", "/collections/{id}/search", {"query": "heron"}),
        ("POST", "/collections/{id}/search/explain", {"query": "heron"}),
    ],
)
async def test_another_organisations_collection_is_like_a_missing_one(
    ada: Visitor, eve: Visitor, method: str, path: str, json: dict[str, str] | None
) -> None:
    collection = await ada.collection()

    async def ask(visitor: Visitor, id_: object) -> httpx.Response:
        return await visitor.http.request(method, path.format(id=id_), json=json)

    foreign, missing = await ask(eve, collection), await ask(eve, new_id())
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() | {"instance": ""} == missing.json() | {"instance": ""}
    assert (await ask(ada, collection)).status_code < 300


async def test_permissions_are_demanded(place: Room, ada: Visitor) -> None:
    collection = await ada.collection()
    reader = place.visitor(replace(ada.subject, permissions=frozenset({"collections:read"})))
    assert (await reader.http.get(f"/collections/{collection}")).status_code == 200
    for method, path, json in [
        ("POST", "/collections", {"name": "x"}),
        ("DELETE", f"/collections/{collection}", None),
        ("GET", f"/collections/{collection}/documents", None),
        ("POST", f"/collections/{collection}/documents", {"title": "x", "text": "y"}),
        ("POST", f"/collections/{collection}/search", {"query": "x"}),
    ]:
        answer = await reader.http.request(method, path, json=json)
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


async def test_what_a_team_had_goes_when_the_team_is_purged(place: Room, ada: Visitor) -> None:
    team = TeamId(new_id())
    member = place.visitor(replace(ada.subject, team_ids=(team,)))
    data = {"name": "Ours", "scope": "team", "team_id": str(team)}
    path = f"/collections/{(await member.http.post('/collections', json=data)).json()['id']}"
    kept = await ada.collection()
    await place.knowledge.jobs.forget_team(ada.subject.org_id, team)
    assert (await member.http.get(path)).status_code == 404
    assert (await member.http.get(f"/collections/{kept}")).status_code == 200
