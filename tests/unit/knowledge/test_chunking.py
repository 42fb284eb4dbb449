"""Chunks: where they begin and end, and what stands above them."""

import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from folkmoot.knowledge.indexing.chunking import Chunk, Sizes, chunk
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import markdown, prose
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed

SIZES = Sizes(size=400, overlap=80)
SENTENCE = "The heron stands in the shallow water and waits for a careless fish. "


def read(text: str) -> Parsed:
    return markdown.parse(io.BytesIO(text.encode()), Limits(), lambda _done, _total: None)


def texts(parsed: Parsed, chunks: list[Chunk]) -> list[str]:
    return [parsed.text[each.start : each.end] for each in chunks]


def paged(*pages: str) -> Parsed:
    manuscript = Manuscript(Limits())
    for number, text in enumerate(pages, start=1):
        manuscript.page(number)
        manuscript.block(text)
    return manuscript.finish()


def test_a_short_document_stays_whole() -> None:
    parsed = read(f"# Birds\n\n{SENTENCE * 3}\n\n## Herons\n\n{SENTENCE * 3}")
    (only,) = chunk(parsed, "Animals", SIZES)
    assert (only.start, only.end) == (0, len(parsed.text))
    assert only.header == "Animals\nBirds"


def test_a_chunk_never_crosses_a_page() -> None:
    parsed = paged(SENTENCE, SENTENCE * 8, "End.")
    chunks = chunk(parsed, "Report", SIZES)
    for each in chunks:
        page = parsed.pages[(each.page or 0) - 1]
        assert page.start <= each.start < each.end <= page.end
    assert {each.page for each in chunks} == {1, 2, 3}
    assert chunks[-1].header == "Report\nPage 3"


def test_headings_begin_chunks_and_name_their_path() -> None:
    body = SENTENCE * 5
    parsed = read(
        f"# One\n\n{body}\n\n## Two\n\n{body}\n\n### Three\n\n{body}\n\n## Four\n\n{body}"
    )
    chunks = chunk(parsed, "Book", SIZES)
    assert [each.section for each in chunks] == [
        "One",
        "One > Two",
        "One > Two > Three",
        "One > Four",
    ]
    assert texts(parsed, chunks)[1].startswith("## Two")


def test_tiny_sections_share_a_chunk() -> None:
    parsed = read("\n\n".join(f"## Item {n}\n\nA line." for n in range(200)))
    chunks = chunk(parsed, "List", SIZES)
    assert all(each.end - each.start > SIZES.size // 4 for each in chunks)


def test_long_paragraphs_are_cut_between_sentences_and_overlap_by_whole_ones() -> None:
    parsed = read(SENTENCE * 40)
    chunks = chunk(parsed, "Long", SIZES)
    assert len(chunks) > 5
    for text in texts(parsed, chunks):
        assert text.startswith("The heron")
        assert text.endswith("fish.")
    for before, after in pairwise(chunks):
        assert before.end - SIZES.overlap - 1 <= after.start <= before.end + 1


def test_a_table_stays_whole_while_it_can_and_repeats_its_head_when_it_cannot() -> None:
    small = "| name | age |\n| --- | --- |\n" + "\n".join(f"| n{n} | {n} |" for n in range(40))
    parsed = read(f"{SENTENCE * 4}\n\n{small}\n\n{SENTENCE * 4}")
    assert any(small in text for text in texts(parsed, chunk(parsed, "T", SIZES)))
    large = "| name | age |\n| --- | --- |\n" + "\n".join(f"| n{n} | {n} |" for n in range(400))
    chunks = chunk(read(large), "T", SIZES)
    assert all(each.header.endswith("| name | age |") for each in chunks[1:])


def test_a_listing_with_empty_lines_is_one_block() -> None:
    listing = "```\n" + "\n\n".join("call()" for _ in range(60)) + "\n```"
    parsed = read(f"{SENTENCE * 4}\n\n{listing}\n\n{SENTENCE * 6}")
    assert any(listing in text for text in texts(parsed, chunk(parsed, "Code", SIZES)))


def test_a_lone_heading_goes_with_what_follows() -> None:
    table = "| a | b |\n" + "\n".join(f"| {n} | {n} |" for n in range(60))
    parsed = read(f"{SENTENCE * 6}\n\n## Figures\n\n{table}")
    assert texts(parsed, chunk(parsed, "T", SIZES))[-1].startswith("## Figures")


@pytest.mark.parametrize("text", ["漢字" * 2000, "x" * 5000, "a b " * 3000])
def test_text_without_seams_is_cut_all_the_same(text: str) -> None:
    parsed = prose.from_text(text, Limits())
    chunks = chunk(parsed, "Wall", SIZES)
    assert max(each.end - each.start for each in chunks) <= SIZES.size + SIZES.overlap
    covered = set[int]()
    for each in chunks:
        covered.update(range(each.start, each.end))
    assert {i for i, char in enumerate(parsed.text) if not char.isspace()} <= covered


@given(
    st.lists(
        st.sampled_from([SENTENCE, "## Head", "| a | b |\n| c | d |", "```\nx\n```", "word " * 90]),
        max_size=30,
    )
)
def test_nothing_is_lost_and_order_is_kept(blocks: list[str]) -> None:
    parsed = read("\n\n".join(blocks))
    chunks = chunk(parsed, "Any", SIZES)
    assert all(each.start < each.end <= len(parsed.text) for each in chunks)
    starts = [each.start for each in chunks]
    assert starts == sorted(starts)
    covered = set[int]()
    for each in chunks:
        covered.update(range(each.start, each.end))
    assert {i for i, char in enumerate(parsed.text) if not char.isspace()} <= covered


def test_a_head_row_that_is_longer_than_a_chunk_is_not_repeated_whole() -> None:
    """As often as it is long it was: a sheet of 100 KB took gigabytes."""
    parsed = read(f"| {'Bird | ' * 2_000}\n|{' --- |' * 2_000}\n" + "| a | b |\n" * 2_000)
    chunks = chunk(parsed, "Birds", SIZES)
    assert len(chunks) > 50
    assert all(len(each.header) <= len("Birds\n") + SIZES.size for each in chunks)
