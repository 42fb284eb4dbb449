"""Cut a document where it has seams: pages, headings, paragraphs, rows, sentences, words.

A chunk never crosses a page, so that what it is cited with is exact. Its header says where it
comes from; the header is indexed with the chunk and is no part of the cited text.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from folkmoot.knowledge.parsing.parsed import GAP, Heading, Parsed

SENTENCE: Final = re.compile("[.!?\u2026][\"'\u201d\u2019)\\]]*\\s|[\u3002\uff01\uff1f\u0964]|\n")
SECTION_JOIN: Final = " > "
WHOLE: Final = 2
"""A document, a table or a listing of up to this many sizes stays in one piece."""
SECTION_SHARE: Final = 3
"""A section smaller than a size divided by this is joined to the next."""
REST_SHARE: Final = 6
"""A rest smaller than this, a lone heading for one, is joined to its neighbour."""
HEADER_TITLE: Final = 200
"""Characters of a title, and of each heading of a path."""
DEEPEST: Final = 8
"""Headings of a path, the nearest: source code may be nested hundreds deep."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large chunks become, in characters. Small local models read about 1,000 at once."""

    size: int = 1_200
    overlap: int = 150


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document: `text[start:end]`, found by its words and by those of its header."""

    start: int
    end: int
    page: int | None
    section: str | None
    header: str


def chunk(parsed: Parsed, title: str, sizes: Sizes, seams: Collection[int] = ()) -> list[Chunk]:
    """Cut a document into chunks, in the order of its text; none crosses one of the `seams`."""
    return _Cutter(parsed, title, sizes, seams).chunks()


class _Cutter:
    def __init__(self, parsed: Parsed, title: str, sizes: Sizes, seams: Collection[int]) -> None:
        self._text = parsed.text
        self._seams = {*seams, *(page.start for page in parsed.pages)}
        self._cut_inside = bool(seams) or len(parsed.pages) > 1
        self._parsed = parsed
        self._title = title[:HEADER_TITLE]
        self._sizes = sizes
        self._page_starts = [page.start for page in parsed.pages]
        self._heading_starts = [heading.start for heading in parsed.headings]
        self._parents = list(_parents(parsed.headings))

    def chunks(self) -> list[Chunk]:
        short = len(self._text) <= WHOLE * self._sizes.size
        if short and not self._cut_inside:
            return [self._chunk(0, 0, len(self._text), None)] if self._text.strip() else []
        return [piece for start, end in self._regions() for piece in self._cut(start, end)]

    def _regions(self) -> list[tuple[int, int]]:
        """Return stretches that no chunk crosses: pages, and sections that are not tiny."""
        least = self._sizes.size // SECTION_SHARE
        regions: list[tuple[int, int]] = []
        begun, whole = 0, len(self._text)
        for seam in sorted({*self._seams, *self._heading_starts, whole}):
            if begun < seam and (seam in self._seams or seam == whole or seam - begun >= least):
                is_rest = seam - begun < least and bool(regions) and begun not in self._seams
                regions.append((regions.pop()[0] if is_rest else begun, seam))
                begun = seam
        return regions

    def _cut(self, start: int, end: int) -> Iterator[Chunk]:
        """Pack a region's blocks into chunks."""
        groups = self._groups(start, end)
        for index, (first, last, table_head) in enumerate(groups):
            begin = first
            if index and table_head is None and not self._is_whole(groups[index - 1][0]):
                begin = self._overlapped(groups[index - 1][0], first)
            yield self._chunk(begin, first, last, table_head)

    def _groups(self, start: int, end: int) -> list[tuple[int, int, str | None]]:
        size = self._sizes.size
        groups: list[tuple[int, int, str | None]] = []
        for first, last, table_head in self._pieces(start, end):
            begun = groups[-1][0] if groups else first
            is_rest = bool(groups) and groups[-1][1] - begun < size // REST_SHARE
            if groups and table_head is None and (is_rest or last - begun <= size):
                groups[-1] = (begun, last, groups[-1][2])
            else:
                groups.append((first, last, table_head))
        if len(groups) > 1:
            before, rest = groups[-2], groups[-1]
            if rest[1] - rest[0] < size // REST_SHARE and rest[1] - before[0] <= WHOLE * size:
                groups[-2:] = [(before[0], rest[1], before[2])]
        return groups

    def _pieces(self, start: int, end: int) -> Iterator[tuple[int, int, str | None]]:
        """Yield blocks; one that is too long comes in parts, a table's with its head row."""
        for first, last in _blocks(self._text, start, end):
            limit = self._sizes.size * (WHOLE if self._is_whole(first) else 1)
            if last - first <= limit:
                yield first, last, None
                continue
            head = self._head(first, last) if self._text[first] == "|" else None
            for index, (begin, stop) in enumerate(self._parts(first, last)):
                yield begin, stop, head if index else None

    def _head(self, first: int, last: int) -> str:
        """Return the head row of a table, no longer than a piece of it: each piece repeats it."""
        end = min(last, first + self._sizes.size)
        return self._text[first:end].partition("\n")[0]

    def _parts(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        while end - start > self._sizes.size:
            cut = _seam(self._text, start + self._sizes.size // 2, start + self._sizes.size)
            yield start, cut
            start = cut
        yield start, end

    def _is_whole(self, start: int) -> bool:
        """Tell whether a block is a table or a listing, which are cut only if they must be."""
        return self._text.startswith(("|", "```", "~~~"), start)

    def _overlapped(self, floor: int, start: int) -> int:
        """Return where a chunk begins that repeats the end of the one before."""
        earliest = max(floor + 1, start - self._sizes.overlap)
        if earliest >= start:
            return start
        ends = [match.end() for match in SENTENCE.finditer(self._text, earliest, start)]
        if ends and ends[0] < start:
            return ends[0]
        space = self._text.find(" ", earliest, start)
        return space + 1 if space >= 0 else start

    def _chunk(self, begin: int, core: int, end: int, table_head: str | None) -> Chunk:
        """Make a chunk; where it belongs is told by its core, not by what it repeats."""
        text = self._text[begin:end]
        begin += len(text) - len(text.lstrip())
        end = begin + len(text.strip())
        page = self._at(self._page_starts, core)
        heading = self._at(self._heading_starts, core)
        number = self._parsed.pages[page].number if page is not None else None
        section = self._path(heading) if heading is not None else None
        parts = [self._title, section, None if number is None else f"Page {number}", table_head]
        return Chunk(begin, end, number, section, "\n".join(part for part in parts if part))

    def _path(self, heading: int) -> str:
        """Return the headings that lead to one, and itself; not kept, as there may be many."""
        titles: list[str] = []
        at: int | None = heading
        while at is not None and len(titles) < DEEPEST:
            titles.append(self._parsed.headings[at].title[:HEADER_TITLE])
            at = self._parents[at]
        return SECTION_JOIN.join(reversed(titles))

    @staticmethod
    def _at(starts: list[int], place: int) -> int | None:
        index = bisect_right(starts, place) - 1
        return index if index >= 0 else None


def _parents(headings: list[Heading]) -> Iterator[int | None]:
    """Yield for each heading the one that it stands under."""
    above: list[int] = []
    for place, heading in enumerate(headings):
        while above and headings[above[-1]].level >= heading.level:
            above.pop()
        yield above[-1] if above else None
        above.append(place)


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the blocks between empty lines; a fenced listing is one block."""
    fence: int | None = None
    while start < end:
        stop = text.find(GAP, start, end)
        stop = end if stop < 0 else stop
        block = text[start:stop]
        if (block.count("```") + block.count("~~~")) % 2:
            if fence is None:
                fence = start
            else:
                yield fence, stop
                fence = None
        elif fence is None and block.strip():
            yield start, stop
        start = stop + len(GAP)
    if fence is not None:
        yield fence, end


def _seam(text: str, low: int, high: int) -> int:
    """Return the best place to cut between two offsets: a line's, sentence's or word's end."""
    line = text.rfind("\n", low, high)
    if line > low:
        return line + 1
    ends = [match.end() for match in SENTENCE.finditer(text, low, high)]
    if ends:
        return ends[-1]
    space = text.rfind(" ", low, high)
    return space + 1 if space > low else high
