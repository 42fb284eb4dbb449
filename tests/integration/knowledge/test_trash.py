"""Documents that were deleted, brought back, replaced meanwhile, and purged in the end."""

from uuid import UUID

import pytest
from sqlalchemy import text

from folkmoot.kit.ids import new_id
from knowing import Room, Visitor

pytestmark = pytest.mark.anyio

HERON = b"The heron wades."


async def trash(visitor: Visitor, collection: str) -> list[str]:
    answer = await visitor.http.get(
        f"/collections/{collection}/documents", params={"deleted": "true"}
    )
    return [each["id"] for each in answer.json()["items"]]


async def delete(visitor: Visitor, document: str, **query: str) -> int:
    answer = await visitor.http.delete(f"/documents/{document}", params=query)
    return answer.status_code


@pytest.mark.core
async def test_what_was_deleted_is_found_by_nothing_until_it_is_restored(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    collection = await ada.collection()
    document = (await ada.read(collection, "a.txt", HERON))["id"]
    assert await delete(ada, document) == 204
    assert await ada.search(collection, "heron") == []
    for path in ("", "/text", "/file"):
        assert (await ada.http.get(f"/documents/{document}{path}")).status_code == 404
    for verb in ("retry", "cancel", "refresh"):
        assert (await ada.http.post(f"/documents/{document}/{verb}")).status_code == 404
    counted = (await ada.http.get(f"/collections/{collection}")).json()
    assert (counted["documents"], await trash(ada, collection)) == (0, [document])
    again = await ada.send(collection, ("b.txt", HERON))
    assert again["existing"] == []

    foreign = await eve.http.post(f"/documents/{document}/restore")
    missing = await eve.http.post(f"/documents/{new_id()}/restore")
    assert foreign.status_code == missing.status_code == 404
    assert foreign.json() | {"instance": ""} == missing.json() | {"instance": ""}
    assert await delete(eve, document, forever="true") == 404

    assert (await ada.http.post(f"/documents/{document}/restore")).status_code == 202
    assert (await ada.settled(document))["status"] == "ready"
    assert (await ada.http.post(f"/documents/{document}/restore")).status_code == 404
    found = {hit["document_id"] for hit in await ada.search(collection, "heron")}
    assert found == {document, again["document_ids"][0]}
    async with place.database.work(ada.subject) as work:
        told = await work.session.execute(
            text("SELECT action FROM audit_events WHERE target_id = :id ORDER BY seq"),
            {"id": document},
        )
        assert told.scalars().all() == ["document.deleted", "document.restored"]


async def test_another_document_may_take_the_name_of_one_that_was_deleted(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    first = (await ada.read(collection, "a.txt", HERON, external_id="x"))["id"]
    await delete(ada, first)
    second = (await ada.read(collection, "a.txt", b"A stork.", external_id="x"))["id"]
    assert second != first
    refused = await ada.http.post(f"/documents/{first}/restore")
    assert (refused.status_code, refused.json()["code"]) == (409, "document_replaced")
    assert await trash(ada, collection) == [first]
    assert await delete(ada, second, forever="true") == 204
    assert await trash(ada, collection) == [first]
    await place.blobs_are(1)
    assert (await ada.http.post(f"/documents/{first}/restore")).status_code == 202
    assert (await ada.settled(first))["status"] == "ready"


async def test_the_trash_is_emptied_of_what_has_been_there_for_long(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    old, new, restored = [
        (await ada.read(collection, f"{name}.txt", name.encode()))["id"] for name in "abc"
    ]
    for each in (old, new, restored):
        await delete(ada, each)
    async with place.database.work(ada.subject) as work:
        await work.session.execute(
            text(
                "UPDATE documents SET deleted_at = deleted_at - interval '30 days'"
                " WHERE id IN (:old, :restored)"
            ),
            {"old": UUID(old), "restored": UUID(restored)},
        )
    await ada.http.post(f"/documents/{restored}/restore")
    for each in (old, new, restored, old):
        await place.knowledge.jobs.empty_trash(org_id=str(ada.subject.org_id), document_id=each)
    assert await trash(ada, collection) == [new]
    assert (await ada.settled(restored))["status"] == "ready"
    await place.blobs_are(2)
