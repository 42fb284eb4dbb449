"""What stands around hits: the chunks beside them, or their sections, merged where they meet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, LiteralString
from uuid import UUID

from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.places import Place
from folkmoot.knowledge.searching import search
from folkmoot.knowledge.searching.search import Found
from folkmoot.settings.searching import Expansion

REACH: Final = {Expansion.NEIGHBOURS: 1, Expansion.SECTION: 12}
"""Chunks before and behind a hit that are looked at."""
LONGEST: Final = 6_000
"""Characters that a hit grows to, in either direction half of them."""
GAP: Final = 2
"""What stands between two blocks of a text keeps them no longer apart."""

AROUND: Final[LiteralString] = """
SELECT DISTINCT c.document_id, c.ordinal, c.start, c."end", c.section
FROM unnest(%(documents)s::uuid[], %(ordinals)s::int[]) AS kept (document_id, ordinal)
JOIN chunks AS c ON c.org_id = %(org_id)s AND c.document_id = kept.document_id
  AND c.ordinal BETWEEN kept.ordinal - %(reach)s AND kept.ordinal + %(reach)s
"""
TEXTS: Final[LiteralString] = """
SELECT t.document_id, s.start, substring(t.text FROM s.start + 1 FOR s."end" - s.start),
       (SELECT jsonb_agg(p ORDER BY (p -> 1)::int) FROM jsonb_array_elements(t.pages) AS p
        WHERE (p -> 1)::int < s."end" AND (p -> 2)::int > s.start)
FROM unnest(%(documents)s::uuid[], %(starts)s::int[], %(ends)s::int[])
  AS s (document_id, start, "end")
JOIN document_texts AS t ON t.org_id = %(org_id)s AND t.document_id = s.document_id
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a document that hits became, the best of them first."""

    document_id: UUID
    start: int
    end: int
    places: tuple[Place, ...]


async def expanded(
    database: Database,
    subject: Subject,
    rows: Mapping[Place, Found],
    order: Sequence[Place],
    expansion: Expansion,
) -> list[tuple[Place, Found]]:
    """Return hits with what stands around them, in their order; merged ones at the best's place."""
    kept = {
        "documents": [place.document_id for place in order],
        "ordinals": [place.ordinal for place in order],
        "reach": REACH[expansion],
    }
    (near,) = await search.ask(database, subject, [(AROUND, kept)])
    around = {Place(row[0], row[1]): (row[2], row[3], row[4]) for row in near}
    spans = [_grown(place, rows[place], around, expansion) for place in order]
    stretches = merged(spans)
    asked = {
        "documents": [each.document_id for each in stretches],
        "starts": [each.start for each in stretches],
        "ends": [each.end for each in stretches],
    }
    (texts,) = await search.ask(database, subject, [(TEXTS, asked)])
    told = {(row[0], row[1]): (row[2], row[3]) for row in texts}
    return [
        (
            each.places[0],
            _told(rows[each.places[0]], each, told.get((each.document_id, each.start))),
        )
        for each in stretches
    ]


def _grown(
    place: Place,
    found: Found,
    around: Mapping[Place, tuple[int, int, str | None]],
    expansion: Expansion,
) -> Stretch:
    """Return a hit with what stands beside it, without a gap and of its section if that counts."""
    start, end = found.start, found.end
    for step in (-1, 1):
        ordinal = place.ordinal
        for _ in range(REACH[expansion]):
            ordinal += step
            near = around.get(Place(place.document_id, ordinal))
            if near is None or (expansion is Expansion.SECTION and near[2] != found.section):
                break
            if found.start - near[0] > LONGEST // 2 or near[1] - found.end > LONGEST // 2:
                break
            start, end = min(start, near[0]), max(end, near[1])
    return Stretch(place.document_id, start, end, (place,))


def merged(stretches: Sequence[Stretch]) -> list[Stretch]:
    """Join those that meet or overlap; each stands where its best hit stood."""
    by_start = sorted(enumerate(stretches), key=lambda each: (each[1].document_id, each[1].start))
    groups: list[tuple[int, Stretch]] = []
    for rank, each in by_start:
        last_rank, last = groups[-1] if groups else (0, None)
        if last is None or last.document_id != each.document_id or each.start > last.end + GAP:
            groups.append((rank, each))
            continue
        places = last.places + each.places if last_rank < rank else each.places + last.places
        joined = replace(last, end=max(last.end, each.end), places=places)
        groups[-1] = (min(last_rank, rank), joined)
    return [each for _, each in sorted(groups, key=lambda group: group[0])]


def _told(found: Found, stretch: Stretch, text: tuple[str, Any] | None) -> Found:
    """Return the hit as a longer one, unless its document was replaced meanwhile."""
    if text is None or len(text[0]) != stretch.end - stretch.start or found.text not in text[0]:
        return found
    pages = [(number, start, end) for number, start, end in text[1] or ()]
    return replace(
        found,
        start=stretch.start,
        end=stretch.end,
        text=text[0],
        page=pages[0][0] if pages else found.page,
        pages=pages if len(pages) > 1 else (),
    )
