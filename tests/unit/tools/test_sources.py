"""The numbers of passages in a turn."""

from folkmoot.kit.ids import ChunkId, CollectionId, DocumentId, new_id
from folkmoot.tools.sources import SOURCES, Passage, Sources, block, listed, read


def passage(title: str, page: int | None = None) -> Passage:
    return Passage(
        document_id=DocumentId(new_id()),
        collection_id=CollectionId(new_id()),
        chunk_id=ChunkId(new_id()),
        title=title,
        page=page,
        start=0,
        end=4,
        text=" Text ",
    )


def test_numbers_run_through_the_whole_turn_and_a_known_passage_keeps_its_own() -> None:
    birds, bees, beetles = passage("Birds"), passage("Bees"), passage("Beetles")
    sources = Sources()
    assert sources.show([birds, bees]) == [1, 2]
    assert sources.show([beetles, birds]) == [3, 1]
    assert sources.passages == [birds, bees, beetles]


def test_what_is_shown_for_the_first_time_is_announced() -> None:
    told: list[tuple[str, object]] = []
    sources = Sources(lambda name, value: told.append((name, value)))
    birds, bees = passage("Birds"), passage("Bees")
    sources.show([birds])
    sources.show([birds, bees])
    assert told == [
        (SOURCES, {"sources": [listed(1, birds)]}),
        (SOURCES, {"sources": [listed(2, bees)]}),
    ]


def test_a_passage_comes_back_from_its_entry_as_it_was() -> None:
    birds = passage("Birds", page=3)
    assert read([listed(7, birds)]) == [birds]


def test_a_passage_is_read_behind_its_number() -> None:
    assert block(2, passage("Birds\n of prey", page=3)) == "[2] Birds of prey, page 3\nText"
