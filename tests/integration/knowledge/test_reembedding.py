"""Documents that were embedded by another model than the one in use are embedded anew."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from ending import end
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing import reembedding
from folkmoot.llm import routes as model_routes
from folkmoot.llm.config import ModelsConfig
from folkmoot.llm.errors import ModelUnavailable
from folkmoot.llm.hashing import HashEmbedder
from folkmoot.llm.port import EmbeddingKind, Vectors
from folkmoot.llm.registry import Models
from knowing import PATIENCE, Concepts, Room, Visitor
from piecing import keeping

pytestmark = pytest.mark.anyio

BIRDS = {"heron": 0, "reiher": 0, "stork": 1}


class Picky(Concepts):
    """Refuses texts in which a word stands."""

    def __init__(self, word: str) -> None:
        super().__init__(BIRDS)
        self.word = word
        self.refused = 0

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        if any(self.word in text for text in texts):
            self.refused += 1
            raise ModelUnavailable(self.name)
        return await super().embed(texts, kind=kind)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


def by_meaning(visitor: Visitor, collection: str, query: str) -> Callable[[], Awaitable[bool]]:
    async def found() -> bool:
        return bool(await visitor.search(collection, query, mode="dense"))

    return found


async def told(room: Room, subject: Subject) -> list[str]:
    return [each.text for each in await room.knowledge.reembedding.notices(subject)]


async def test_another_model_finds_what_was_embedded_before_it_came(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    """Whoever it belongs to: the organisation, a user, another organisation."""
    shelves = [
        (ada, await ada.collection()),
        (ada, await ada.collection(scope="user")),
        (eve, await eve.collection(scope="user")),
    ]
    for visitor, shelf in shelves:
        await visitor.tell(shelf, "Birds", "The heron waits.")
    await place.knowledge.reembedding.look()
    assert await told(place, ada.subject) == []
    place.embedder.embedder = Concepts(BIRDS)
    assert await ada.search(shelves[0][1], "Reiher", mode="dense") == []
    await place.knowledge.reembedding.look()
    for visitor, shelf in shelves:
        await until(by_meaning(visitor, shelf, "Reiher"))
    (hit,) = await ada.search(shelves[0][1], "Reiher", mode="dense")
    assert hit["text"] == "The heron waits."


async def test_a_process_notices_by_itself_that_its_model_is_another(
    place: Room, ada: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "EVERY", 0.02)
    shelf = await ada.collection()
    await ada.tell(shelf, "Birds", "The heron waits.")
    watching = asyncio.create_task(place.knowledge.reembedding.watch())
    place.embedder.embedder = Concepts(BIRDS)
    await until(by_meaning(ada, shelf, "Reiher"))
    assert not watching.done()
    await end(watching)


async def test_how_much_is_left_is_told_to_those_who_see_it(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    shelf = await ada.collection()
    for number in range(3):
        await ada.tell(shelf, f"Bird {number}", f"The heron waits {number} hours.")
    place.embedder.embedder = Concepts(BIRDS)
    place.embedder.gate.clear()
    await place.knowledge.reembedding.look()
    (notice,) = await told(place, ada.subject)
    assert notice.startswith("Documents that the embedding model has still to see: 3.")
    assert await told(place, eve.subject) == []
    settings, _, gateway = keeping(place.database, Models(ModelsConfig()))
    place.app.include_router(
        model_routes.router(gateway, settings, place.knowledge.reembedding.notices)
    )
    answer = await ada.http.get("http://folkmoot.example/models")
    assert {"code": "embedding_behind", "text": notice} in answer.json()["notices"]
    place.embedder.gate.set()
    await until(by_meaning(ada, shelf, "Reiher"))

    async def silent() -> bool:
        return await told(place, ada.subject) == []

    await until(silent)
    await place.knowledge.reembedding.look()
    assert await told(place, ada.subject) == []


async def test_one_document_that_the_model_refuses_keeps_none_of_the_others_waiting(
    place: Room, ada: Visitor
) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "Stork", "The stork stands.")
    await ada.tell(shelf, "Heron", "The heron waits.")
    place.embedder.embedder = picky = Picky("stork")
    await place.knowledge.reembedding.look()
    await until(by_meaning(ada, shelf, "Reiher"))
    assert picky.refused == 1
    assert len(await ada.search(shelf, "Reiher", mode="dense")) == 1


async def test_many_looks_make_one_job_and_each_document_is_embedded_once(
    place: Room, ada: Visitor
) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    place.embedder.embedder = Concepts(BIRDS)
    place.embedder.asked.clear()
    place.embedder.gate.clear()
    for _ in range(5):
        await place.knowledge.reembedding.look()
    place.embedder.gate.set()
    await until(by_meaning(ada, shelf, "Reiher"))
    await place.knowledge.reembedding.embed_anew(model="test:concepts")
    assert [text for text in place.embedder.asked if "waits" in text] == [
        "Heron\n\nThe heron waits."
    ]


async def test_nothing_is_embedded_for_a_model_that_is_in_use_no_more(
    place: Room, ada: Visitor
) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "Heron", "The heron waits.")
    place.embedder.asked.clear()
    await place.knowledge.reembedding.embed_anew(model="test:concepts")
    assert place.embedder.asked == []
    assert place.embedder.name == HashEmbedder().name


async def test_a_text_that_is_replaced_meanwhile_keeps_its_own_vectors(
    place: Room, ada: Visitor
) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "Bird", "The heron waits.", external_id="bird")
    place.embedder.embedder = Concepts(BIRDS)
    place.embedder.asked.clear()
    place.embedder.gate.clear()
    anew = asyncio.create_task(place.knowledge.reembedding.embed_anew(model="test:concepts"))

    async def asked() -> bool:
        return bool(place.embedder.asked)

    await until(asked)
    old = place.embedder.embedder
    place.embedder.embedder = HashEmbedder()
    replaced = asyncio.create_task(
        ada.tell(shelf, "Bird", "The stork stands. It is late.", external_id="bird")
    )
    place.embedder.gate.set()
    await replaced
    await anew
    place.embedder.embedder = old
    assert await ada.search(shelf, "Reiher", mode="dense") == []
    await place.knowledge.reembedding.embed_anew(model="test:concepts")
    (hit,) = await ada.search(shelf, "stork", mode="dense")
    assert hit["text"] == "The stork stands. It is late."
