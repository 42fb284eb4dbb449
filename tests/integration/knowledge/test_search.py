"""Searching over the API and for agents."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from folkmoot.kit.ids import CollectionId, new_id
from folkmoot.kit.subject import Subject
from folkmoot.llm.errors import ModelUnavailable
from knowing import Body, Concepts, Room, Visitor, room

pytestmark = pytest.mark.anyio

KIND = {"field": "kind", "equals": "text"}
SENSELESS: list[Body] = [
    {},
    {"field": "kind"},
    {"not": {"field": "kind", "above": None}},
    {"field": "created_at", "above": 1_700_000_000},
    {"equals": "text"},
    {"field": "org_id", "equals": "text"},
    {"field": "metadata.", "equals": 1},
    {"field": "metadata.a\0", "exists": True},
    {"field": "metadata.a", "equals": "\0"},
    {"field": "metadata.a", "any_of": []},
    {"field": "created_at", "equals": "2024-01-01"},
    {"field": "created_at", "at_least": "soon"},
    {"all": [KIND], "any": [KIND]},
    {"all": [KIND] * 51},
    {"not": {"not": {"not": {"not": {"not": KIND}}}}},
]

HERON = "The heron stands in shallow water and waits for fish."
STORK = "The stork builds a nest on the chimney and comes back every spring."
OWL = "The owl hunts mice at night and sleeps in a barn by day."


@pytest.fixture
async def birds(ada: Visitor) -> str:
    """A collection about three birds."""
    collection = await ada.collection()
    await asyncio.gather(
        ada.tell(collection, "Herons", HERON, external_id="heron", metadata={"legs": "long"}),
        ada.tell(collection, "Storks", STORK, external_id="stork", metadata={"legs": "long"}),
        ada.tell(collection, "Owls", OWL, external_id="owl", metadata={"legs": "short"}),
    )
    return collection


def names(hits: list[Body]) -> list[str]:
    return [hit["external_id"] for hit in hits]


async def explained(visitor: Visitor, collection: str, query: str, **values: object) -> Body:
    answer = await visitor.http.post(
        f"/collections/{collection}/search/explain", json={"query": query, **values}
    )
    assert answer.status_code == 200, answer.text
    body: Body = answer.json()
    return body


@pytest.mark.parametrize("mode", ["hybrid", "lexical"])
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Where does the stork nest?", "stork"),
        ("waiting for fishes", "heron"),
        ("HUNTED MOUSE owls", "owl"),
        ("Herons", "heron"),
    ],
)
async def test_inflected_words_and_titles_find_their_document(
    ada: Visitor, birds: str, mode: str, query: str, first: str
) -> None:
    assert names(await ada.search(birds, query, mode=mode))[0] == first


@pytest.mark.core
async def test_a_hit_says_where_its_text_stands(ada: Visitor, birds: str) -> None:
    (hit,) = await ada.search(birds, "chimney", mode="lexical")
    text = (await ada.http.get(f"/documents/{hit['document_id']}/text")).json()["text"]
    assert hit["text"] == text[hit["start"] : hit["end"]] == STORK
    assert (hit["title"], hit["page"], hit["collection_id"]) == ("Storks", None, birds)
    assert hit["score"] > 0


async def test_stop_words_alone_find_nothing_by_words(ada: Visitor, birds: str) -> None:
    assert await ada.search(birds, "the and of", mode="lexical") == []


@pytest.mark.parametrize("query", ["'; DROP TABLE chunks --", "%_\\", "a & b | !c:*", "\U0001f600"])
async def test_odd_queries_find_nothing_and_break_nothing(
    ada: Visitor, birds: str, query: str
) -> None:
    assert await ada.search(birds, query, mode="lexical") == []


async def test_k_bounds_the_hits(ada: Visitor, birds: str) -> None:
    assert len(await ada.search(birds, "bird in water at night in spring", k=2)) == 2


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"external_ids": ["owl", "stork"]}, {"owl", "stork"}),
        ({"metadata": {"legs": "long"}}, {"heron", "stork"}),
        ({"metadata": {"legs": "long"}, "external_ids": ["owl"]}, set()),
        ({"document_ids": []}, set()),
        ({}, {"heron", "stork", "owl"}),
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "lexical", "dense"])
async def test_filters_hold_for_every_leg(
    ada: Visitor, birds: str, mode: str, filters: Body, expected: set[str]
) -> None:
    query = "fish nest mice water chimney barn"
    assert set(names(await ada.search(birds, query, mode=mode, filters=filters))) == expected


async def test_a_new_document_changes_what_words_are_worth_and_its_end_changes_it_back(
    ada: Visitor, birds: str
) -> None:
    before = await ada.search(birds, "heron water", mode="lexical")
    extra = [await ada.tell(birds, f"E{n}", f"Water and heron, heron. {n}") for n in range(5)]
    during = await ada.search(birds, "heron water", mode="lexical")
    for document in extra:
        assert (await ada.http.delete(f"/documents/{document}")).status_code == 204
    after = await ada.search(birds, "heron water", mode="lexical")
    assert during[0]["score"] != before[0]["score"]
    assert after == before


async def test_languages_of_one_collection_do_not_disturb_each_other(ada: Visitor) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "DE", "Die Häuser der Stadt wurden im Winter gebaut.", external_id="de")
    await ada.tell(shelf, "EN", "The houses of the city were built in winter.", external_id="en")
    await ada.tell(shelf, "ZH", "这座城市的房屋建于冬天。", external_id="zh")
    await ada.tell(shelf, "TH", "บ้านในเมืองสร้างขึ้นในฤดูหนาว", external_id="th")
    for query, expected in [
        ("In welchem Winter baute man das Haus?", "de"),
        ("When was the house built?", "en"),
        ("城市的房屋", "zh"),
        ("บ้านในเมือง", "th"),
    ]:
        assert names(await ada.search(shelf, query, mode="lexical"))[0] == expected
    assert (await explained(ada, shelf, "城市的房屋"))["language"] == "zh"


async def test_explaining_tells_terms_stages_and_scores(ada: Visitor, birds: str) -> None:
    told = await explained(
        ada, birds, "Where does the heron wait?", filters={"metadata": {"legs": "long"}}
    )
    assert told["language"] == "en"
    assert {term["term"]: term["chunks"] for term in told["terms"]} == {"en:heron": 1, "en:wait": 1}
    stages = {stage["name"]: stage for stage in told["stages"]}
    lexical, dense, fusion = (stages[name] for name in ("lexical", "dense", "fusion"))
    assert stages["filter"]["facts"] == {"documents": 2}
    rerank = stages["rerank"]
    assert rerank["skipped"] == "It was not asked for."
    assert lexical["facts"]["languages"] == ["en"]
    assert lexical["facts"]["chunks"] == 3
    assert len(lexical["candidates"]) == 1
    assert dense["facts"]["model"] == "offline:hash"
    assert fusion["facts"] == {"lexical_weight": 1.0, "dense_weight": 0.0}
    assert [each["document_id"] for each in fusion["candidates"]] == [
        hit["document_id"] for hit in told["hits"]
    ]
    assert told["milliseconds"] > 0
    assert told["hits"] == await ada.search(
        birds, "Where does the heron wait?", filters={"metadata": {"legs": "long"}}
    )


@pytest.mark.core
async def test_modes_leave_a_leg_out_and_say_so(ada: Visitor, birds: str) -> None:
    lexical = (await explained(ada, birds, "heron", mode="lexical"))["stages"]
    assert lexical[2]["skipped"] == "Only words were asked for."
    dense = (await explained(ada, birds, "heron", mode="dense"))["stages"]
    assert dense[1]["skipped"] == "Only meaning was asked for."
    assert len(dense[2]["candidates"]) == 3


async def test_a_search_may_ask_for_a_reranker_and_is_told_that_there_is_none(
    ada: Visitor, birds: str
) -> None:
    told = await explained(ada, birds, "heron", rerank=True)
    (rerank,) = (stage for stage in told["stages"] if stage["name"] == "rerank")
    assert rerank["candidates"] == []
    assert rerank["skipped"].startswith("No reranker is configured")
    assert told["hits"] == await ada.search(birds, "heron", rerank=True)
    assert told["hits"] == await ada.search(birds, "heron", rerank=False)
    answer = await ada.http.post(
        f"/collections/{birds}/search", json={"query": "heron", "rerank": "yes"}
    )
    assert answer.status_code == 422


async def test_an_empty_collection_finds_nothing(ada: Visitor) -> None:
    shelf = await ada.collection()
    for mode in ("hybrid", "lexical", "dense"):
        assert await ada.search(shelf, "heron", mode=mode) == []
    assert (await explained(ada, shelf, "heron"))["hits"] == []


async def test_without_its_embedder_a_search_goes_on_by_words(
    place: Room, ada: Visitor, birds: str
) -> None:
    place.embedder.failure = ModelUnavailable("test:gone")
    assert names(await ada.search(birds, "heron"))[0] == "heron"
    told = await explained(ada, birds, "fish")
    assert "does not answer" in told["stages"][2]["skipped"]
    answer = await ada.http.post(
        f"/collections/{birds}/search", json={"query": "heron fish", "mode": "dense"}
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "embedder_unavailable")


@pytest.fixture
async def wise(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> AsyncIterator[Visitor]:
    """Somebody whose embedder understands the questions by which embedders are judged."""
    concepts = {
        word: place
        for place, pair in enumerate(
            [("fish", "fins"), ("headache", "aspirin"), ("bark", "dog"), ("bread", "knife"),
             ("snow", "winter"), ("read", "teacher"), ("planes", "aircraft"), ("money", "sales"),
             ("thirsty", "water"), ("wheat", "farmer"), ("automobile", "car")]
        )
        for word in pair
    }  # fmt: skip
    async with room(
        app_address, writer_address, tmp_path / "wise", embedder=Concepts(concepts)
    ) as place:
        yield place.visitor(subject)


async def test_an_embedder_that_knows_the_language_finds_what_shares_no_word(wise: Visitor) -> None:
    shelf = await wise.collection()
    for number in range(20):
        await wise.tell(shelf, f"N{number}", f"Notes on subject number {number}.")
    await wise.tell(shelf, "Motors", "My car is red.", external_id="car")
    assert names(await wise.search(shelf, "Which colour does the automobile have?"))[0] == "car"
    fusion = (await explained(wise, shelf, "the automobile"))["stages"][4]
    assert fusion["facts"]["dense_weight"] == pytest.approx(0.4)


async def test_it_is_not_trusted_with_a_language_it_does_not_know(wise: Visitor) -> None:
    shelf = await wise.collection()
    await wise.tell(shelf, "Auto", "Mein Wagen ist rot und steht vor der Tür.")
    fusion = (await explained(wise, shelf, "Welche Farbe hat der Wagen?"))["stages"][4]
    assert fusion["facts"]["dense_weight"] == 0


async def test_queries_are_embedded_once(place: Room, ada: Visitor, birds: str) -> None:
    await ada.search(birds, "heron fish")
    place.embedder.asked.clear()
    await ada.search(birds, "heron fish")
    assert place.embedder.asked == []


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"query": ""},
        {"query": "  "},
        {"query": "x" * 4_001},
        {"query": "x", "k": 0},
        {"query": "x", "k": 201},
        {"query": "x", "mode": "magic"},
        {"query": "x", "filters": {"unknown": 1}},
        {"query": "x", "filters": {"metadata": {"a": "\0"}}},
        {"query": "x", "filters": {"external_ids": ["\0"]}},
        {"query": "x", "half_life_days": -1},
        {"query": "x", "mmr": 1.5},
        {"query": "x", "expand": "book"},
        *({"query": "x", "filters": {"where": where}} for where in SENSELESS),
    ],
)
async def test_a_search_that_makes_no_sense_is_a_problem(
    ada: Visitor, birds: str, data: Body
) -> None:
    answer = await ada.http.post(f"/collections/{birds}/search", json=data)
    assert answer.status_code == 422


async def test_agents_search_all_that_their_user_sees(
    place: Room, ada: Visitor, eve: Visitor, birds: str
) -> None:
    await eve.tell(await eve.collection(), "Foreign", "A heron of another organisation.")
    second = await ada.collection()
    await ada.tell(second, "More", "A heron in another collection.")
    retrieval = place.knowledge.retrieval
    hits = await retrieval.retrieve(ada.subject, "heron", [], 10)
    assert {hit.found.title for hit in hits} == {"Herons", "More"}
    hits = await retrieval.retrieve(ada.subject, "heron", [CollectionId(UUID(second))], 10)
    assert [hit.found.title for hit in hits] == ["More"]
    assert await retrieval.retrieve(ada.subject, "zebra crossing", [], 10) == []
    assert await retrieval.retrieve(ada.subject, " \n ", [], 10) == []


async def test_agents_find_nothing_in_a_collection_their_user_does_not_see(
    place: Room, eve: Visitor, birds: str
) -> None:
    for collection in (birds, str(new_id())):
        named = [CollectionId(UUID(collection))]
        assert await place.knowledge.retrieval.retrieve(eve.subject, "heron", named, 5) == []


async def test_random_organisations_teams_and_users_never_see_each_others_text(
    place: Room, ada: Visitor, eve: Visitor
) -> None:
    chance = random.Random(7)
    shelves: list[tuple[Visitor, str, str]] = []
    for visitor in (ada, eve):
        for scope in ("organization", "user"):
            shelf = await visitor.collection(scope=scope)
            word = f"word{len(shelves)}"
            await visitor.tell(shelf, "Secret", f"The heron says {word}.")
            shelves.append((visitor, shelf, word))
    for _ in range(60):
        visitor = chance.choice([ada, eve])
        owner, shelf, word = chance.choice(shelves)
        mode = chance.choice(["hybrid", "lexical", "dense"])
        answer = await visitor.http.post(
            f"/collections/{shelf}/search", json={"query": f"heron {word}", "mode": mode}
        )
        assert answer.status_code == (200 if owner is visitor else 404)
        hits = await place.knowledge.retrieval.retrieve(visitor.subject, f"heron {word}", [], 20)
        own = {shelf for owner, shelf, _ in shelves if owner is visitor}
        assert {str(hit.found.collection_id) for hit in hits} <= own


async def test_a_search_while_documents_come_and_go_sees_whole_documents(ada: Visitor) -> None:
    shelf = await ada.collection()
    await ada.tell(shelf, "H", "heron " * 50, external_id="x")

    async def rewrite() -> None:
        for turn in range(8):
            await ada.tell(shelf, f"H{turn}", f"heron {turn} " * 50, external_id="x")

    writing = asyncio.create_task(rewrite())
    seen = 0
    while not writing.done():
        hits = await ada.search(shelf, "heron", mode="lexical")
        assert len(hits) == 1
        seen += 1
    await writing
    assert seen > 3
