"""A handbook of ten pages as a PDF, and twenty questions that one sentence each answers."""

from dataclasses import dataclass
from textwrap import wrap
from typing import Final

from pdfs import column, pdf

PAGES: Final = (
    ("Opening", "The reading hall opens at half past seven on weekdays.",
     "On the first Sunday of a month the hall stays shut for cleaning."),
    ("Cards", "A visitor's card costs eleven crowns and is valid for a quarter.",
     "Lost cards are replaced within two days at the porter's lodge."),
    ("Loans", "Maps may be borrowed for fourteen nights and renewed once by telephone.",
     "Manuscripts never leave the vault without the keeper's signature."),
    ("Fees", "Each overdue folio costs thirty pence until the ceiling of nine pounds.",
     "Students under eighteen are exempt from every overdue charge."),
    ("Copies", "Photography is permitted without flash and without a tripod.",
     "Microfilm scans are delivered as archival TIFF pictures by courier."),
    ("Safety", "In a fire alarm readers assemble beneath the copper beech.",
     "Extinguishers are inspected every March by the borough engineer."),
    ("Rooms", "The cedar seminar room seats twenty-two people around an oval table.",
     "Quiet cabins are allotted by lottery each Monday morning."),
    ("Gifts", "Donated diaries are catalogued by the Petrovska foundation.",
     "Bequests above four thousand guilders need the trustees' consent."),
    ("Climate", "Parchment is kept at sixteen degrees and half humidity.",
     "A broken hygrometer must be reported to the conservator at once."),
    ("History", "The library was founded in 1783 by the astronomer Ilse Marquardt.",
     "Its west wing burned down in 1911 and was rebuilt in sandstone."),
)  # fmt: skip
FILLER: Final = (
    "This chapter of the handbook belongs to the rules of the house, which apply to all who come."
    " Whoever has a question may turn to the desk, where somebody will be glad to help. Rules are"
    " reviewed by the council whenever that seems necessary, and notices are put up in the lobby."
)
QUESTIONS: Final = (
    ("When does the reading hall open on weekdays?", 1, 0),
    ("Is the hall shut on the first Sunday of the month?", 1, 1),
    ("What does a visitor's card cost in crowns?", 2, 0),
    ("How quickly are lost cards replaced at the porter's lodge?", 2, 1),
    ("For how many nights may maps be borrowed?", 3, 0),
    ("Whose signature lets manuscripts leave the vault?", 3, 1),
    ("What is the ceiling for an overdue folio?", 4, 0),
    ("Are students under eighteen exempt?", 4, 1),
    ("Is photography with flash or tripod permitted?", 5, 0),
    ("How are microfilm scans delivered?", 5, 1),
    ("Where do readers assemble in a fire alarm?", 6, 0),
    ("Who inspected the extinguishers in March?", 6, 1),
    ("How many people does the cedar seminar room seat?", 7, 0),
    ("How are quiet cabins allotted on Monday morning?", 7, 1),
    ("Who catalogued the donated diaries?", 8, 0),
    ("Which bequests need consent of the trustees?", 8, 1),
    ("At how many degrees is parchment kept?", 9, 0),
    ("To whom must a broken hygrometer be reported?", 9, 1),
    ("Which astronomer founded the library?", 10, 0),
    ("When did the west wing burn down?", 10, 1),
)


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question, the sentence that answers it and the page on which that stands."""

    question: str
    page: int
    sentence: str


def labelled() -> list[Labelled]:
    """Return the questions."""
    return [
        Labelled(f"In the handbook: {asked}", page, PAGES[page - 1][1 + line])
        for asked, page, line in QUESTIONS
    ]


def handbook() -> bytes:
    """Return the PDF; lines are wrapped so that sentences run over them."""
    pages = [
        [
            *column(60, 760, [title], size=16),
            *column(60, 720, wrap(f"{first} {FILLER} {second}", 70)),
            *column(60, 560, wrap(f"{FILLER} That is all about {title.lower()}.", 70)),
        ]
        for title, first, second in PAGES
    ]
    return pdf(pages, title="Handbook")
