"""Conditions, dates, differences and surroundings: how people want their hits."""

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from folkmoot.kit.subject import Subject
from folkmoot.settings.groups import Retrieval as Values
from folkmoot.settings.searching import Expansion
from knowing import Body, Room, Visitor
from page_answers import handbook

pytestmark = pytest.mark.anyio

TEXTS: dict[str, tuple[str, Body]] = {
    "heron": (
        "The heron fishes in the river.",
        {"year": 2019, "tags": ["grey", "tall"], "seen": "2019-04-02"},
    ),
    "stork": (
        "The stork fishes in the river, too.",
        {"year": 2023, "tags": ["white"], "seen": "2023-01-31", 'odd "key" $.x': True},
    ),
    "otter": ("An otter fishes in the river at night.", {"year": "unknown", "seen": None}),
}


def field(name: str, **compared: Any) -> Body:
    return {"field": name, **compared}


CONDITIONS: list[tuple[Body, str]] = [
    (field("metadata.year", equals=2019), "heron"),
    (field("metadata.year", equals="2019"), ""),
    (field("metadata.year", at_least=2019, below=2023), "heron"),
    (field("metadata.year", above=2019), "stork"),
    (field("metadata.year", any_of=[2019, "unknown"]), "heron otter"),
    ({"not": field("metadata.year", at_least=2020)}, "heron otter"),
    (field("metadata.tags", equals="tall"), "heron"),
    (field("metadata.tags", any_of=["white", "grey"]), "heron stork"),
    (field("metadata.tags", exists=False), "otter"),
    (field("metadata.seen", exists=True), "heron stork"),
    (field("metadata.seen", equals=None), "otter"),
    (field("metadata.seen", at_least="2020-01-01", at_most="2023-01-31"), "stork"),
    (field('metadata.odd "key" $.x', equals=True), "stork"),
    (field("metadata.x", equals='" || true || $.x == "'), ""),
    (field('metadata.x" == 1 || true || $."y', equals=1), ""),
    (field("kind", any_of=["pdf", "text"]), "heron otter stork"),
    (field("language", equals="de"), ""),
    (field("external_id", any_of=["heron"]), "heron"),
    (field("created_at", at_least="2020-01-01", below="2999-12-31T00:00:00Z"), "heron otter stork"),
    (field("updated_at", above="2999-12-31"), ""),
    (
        {
            "any": [
                {"all": [field("metadata.year", at_least=2000), field("title", equals="stork")]},
                {"not": {"any": [field("metadata.tags", exists=True)]}},
            ]
        },
        "otter stork",
    ),
]


@pytest.fixture
async def river(ada: Visitor) -> str:
    collection = await ada.collection()
    await asyncio.gather(
        *(
            ada.tell(collection, name, text, external_id=name, metadata=said)
            for name, (text, said) in TEXTS.items()
        )
    )
    return collection


def names(hits: list[Body]) -> list[str]:
    return [hit["external_id"] for hit in hits]


async def test_conditions_decide_what_is_found_and_nothing_in_them_is_a_statement(
    ada: Visitor, river: str
) -> None:
    for where, expected in CONDITIONS:
        for mode in ("hybrid", "dense"):
            hits = await ada.search(river, "river fish", mode=mode, filters={"where": where})
            assert " ".join(sorted(names(hits))) == expected, (where, mode)
    where = CONDITIONS[0][0]
    hits = await ada.search(river, "river", k=1, filters={"where": where})
    assert names(hits) == ["heron"]  # it holds before the best are taken, and not after
    whole = {"where": CONDITIONS[-1][0]}
    told = await ada.http.post(
        f"/collections/{river}/search/explain", json={"query": "river", "filters": whole}
    )
    assert told.json()["filters"]["where"]["any"][1]["not"]["any"][0]["exists"] is True


async def test_what_is_old_weighs_less_if_somebody_wants_it_so(
    place: Room, ada: Visitor, river: str
) -> None:
    query = "heron fishes in the river"
    assert names(await ada.search(river, query, mode="lexical"))[0] == "heron"
    wanted: Body = {"mode": "lexical", "half_life_days": 200, "date_field": "seen"}
    hits = await ada.search(river, query, **wanted)
    assert names(hits) == ["otter", "stork", "heron"]
    told = await ada.http.post(
        f"/collections/{river}/search/explain", json={"query": query, **wanted}
    )
    stages = {stage["name"]: stage for stage in told.json()["stages"]}
    assert stages["decay"]["facts"] == {"half_life_days": 200, "date_field": "seen"}
    assert [each["score"] for each in stages["decay"]["candidates"]] == pytest.approx(
        [hit["score"] for hit in hits], rel=1e-3
    )
    years = await ada.search(river, query, **{**wanted, "date_field": "year"})
    assert names(years) == ["otter", "stork", "heron"]

    async def held(_subject: Subject) -> Values:
        return Values(half_life_days=200, date_field="seen")

    set_so = replace(place.knowledge.retrieval, held=held)
    found = await set_so.retrieve(ada.subject, query, [], 3)
    assert [hit.found.external_id for hit in found] == ["otter", "stork", "heron"]


async def test_what_says_the_same_again_is_left_out_if_somebody_wants_it_so(ada: Visitor) -> None:
    collection = await ada.collection()
    await asyncio.gather(
        ada.tell(collection, "a", "The lynx hunts deer in the forest at dusk.", external_id="one"),
        ada.tell(collection, "b", "The lynx hunts deer in the forest at dawn.", external_id="two"),
        ada.tell(collection, "c", "A lynx was counted last winter.", external_id="other"),
    )
    query: Body = {"query": "lynx hunts deer", "k": 2, "mode": "lexical"}
    assert set(names(await ada.search(collection, **query))) == {"one", "two"}
    hits = await ada.search(collection, mmr=0.3, **query)
    assert len({"one", "two"} & set(names(hits))) == 1
    assert "other" in names(hits)
    assert await ada.search(collection, mmr=1, **query) == await ada.search(collection, **query)


async def test_hits_come_with_what_stands_around_them_and_never_overlap(
    place: Room, ada: Visitor
) -> None:
    collection = await ada.collection()
    sections = [
        f"# Part {part}\n\n"
        + "\n\n".join(f"Sentence {each} of part {part}. " + "All of it. " * 90 for each in range(4))
        for part in range(3)
    ]
    document = await ada.tell(collection, "Book", "\n\n".join(sections), external_id="book")
    text = (await ada.http.get(f"/documents/{document}/text")).json()["text"]
    plain, wide, whole = [
        await ada.search(collection, "part 1 sentence 2", mode="lexical", k=k, expand=expand)
        for k, expand in ((3, "none"), (3, "neighbours"), (12, "section"))
    ]
    for hits in (plain, wide, whole):
        assert all(text[hit["start"] : hit["end"]] == hit["text"] for hit in hits)
        assert len({hit["chunk_id"] for hit in hits}) == len(hits)
    for hits in (wide, whole):
        spans = sorted((hit["start"], hit["end"]) for hit in hits)
        assert all(one[1] < other[0] for one, other in pairwise(spans))
    best = max(wide, key=lambda hit: hit["score"])
    assert plain[0]["text"] in best["text"]
    assert len(best["text"]) > len(plain[0]["text"])
    assert wide[0] == best

    pages = await ada.read(await ada.collection(), "handbook.pdf", handbook())
    (hit, *_) = await ada.search(
        pages["collection_id"], "Bequests need consent", k=1, expand=Expansion.NEIGHBOURS
    )
    assert [page["page"] for page in hit["pages"]] == [7, 8, 9]
    assert hit["page"] == 7
