"""What Excel and PowerPoint files become."""

import io

import pytest

from folkmoot.knowledge.indexing import chunking
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import office
from folkmoot.knowledge.parsing.numbers import shown, understood
from folkmoot.knowledge.parsing.parsed import Page, Parsed, ParseFailed
from opened import presentation, relations, shape, workbook, zipped

LEAP_DAY = "45351.604166667"
TABLE = (
    "<p:graphicFrame><a:tbl><a:tr><a:tc><a:txBody><a:p><a:r><a:t>Bird</a:t></a:r></a:p></a:txBody>"
    "</a:tc><a:tc><a:p><a:r><a:t>Eggs</a:t></a:r></a:p></a:tc></a:tr><a:tr><a:tc><a:p><a:r><a:t>Her"
    "</a:t></a:r><a:r><a:t>on</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>4|5</a:t></a:r></a:p>"
    "</a:tc></a:tr></a:tbl></p:graphicFrame>"
)


def read(data: bytes, limits: Limits | None = None) -> Parsed:
    return office.parse(io.BytesIO(data), limits or Limits(), lambda _done, _total: None)


def test_a_workbook_becomes_sections_of_tables_as_they_are_shown() -> None:
    rows = f"""
    <row r="1"><c r="A1" t="s"><v>0</v></c></row>
    <row r="3"><c r="B3" t="inlineStr"><is><t>Day</t></is></c><c r="C3" t="str"><v>Share</v></c>
      <c r="E3" t="s"><v>1</v></c></row>
    <row r="4"><c r="B4" s="1"><v>{LEAP_DAY}</v></c><c r="C4" s="2"><f>1/8</f><v>0.125</v></c>
      <c r="E4" t="b"><v>1</v></c></row>
    <row r="5"><c r="B5" t="d"><v>2024-03-01</v></c><c r="C5"><f>B1+1</f></c>
      <c r="E5" t="e"><v>#N/A</v></c></row>
    <row r="9"><c r="A9"><v>0.30000000000000004</v></c></row>"""
    texts = ["<r><t>Herons </t></r><r><t>in 2024</t></r><rPh><t>no</t></rPh>", "<t>a|b</t>"]
    formats = ["d/m/yy\\ h:mm", "0.0%"]
    data = workbook({"Birds": rows, "Empty": "", "More": "<row/>"}, texts=texts, formats=formats)
    parsed = read(data)
    assert parsed.text.split("\n\n") == [
        "# Birds",
        "Herons in 2024",
        (
            "| Day | Share | a\\|b |\n| --- | --- | --- |\n"
            "| 2024-02-29 14:30 | 12.5 % | TRUE |\n| 2024-03-01 | =B1+1 | #N/A |"
        ),
        "0.3",
    ]
    assert [each.title for each in parsed.headings] == ["Birds"]


def test_a_long_sheet_repeats_its_header_with_each_piece() -> None:
    names = '<row><c t="str"><v>Bird</v></c><c t="str"><v>Count</v></c></row>'
    rows = "".join(
        f"<row><c t='str'><v>Heron {n}</v></c><c><v>{n}</v></c></row>" for n in range(200)
    )
    parsed = read(workbook({"Counted": names + rows}))
    pieces = chunking.chunk(parsed, "Birds", Sizes())
    assert len(pieces) > 3
    assert all("| Bird | Count |" in piece.header for piece in pieces[1:])
    assert {piece.section for piece in pieces} == {"Counted"}


def test_a_wide_sheet_tells_each_value_with_its_columns_name() -> None:
    names = [f"A column with a rather long name, number {n}" for n in range(20)]
    head = "".join(f"<c t='str'><v>{name}</v></c>" for name in names)
    text = read(workbook({"Wide": f"<row>{head}</row><row><c><v>7</v></c></row>"})).text
    assert text == f"# Wide\n\n{names[0]}: 7"


@pytest.mark.parametrize(
    ("code", "stored", "seen"),
    [
        ("General", "1234567", "1234567"),
        ("General", "1E+20", "1e+20"),
        ("#,##0.00", "1234567.891", "1234567.89"),
        ("0%", "0.5", "50 %"),
        ("00000", "1069", "01069"),
        ("0.00", "-0.001", "0.00"),
        ('#,##0.00\\ "€"', "12.5", "12.50 €"),
        ("[$$-409]#,##0", "12", "12 $"),
        ("[$USD] 0;[Red]-0", "-3", "-3 USD"),
        ("0.00E+00", "12345", "12345"),
        ("# ?/?", "0.5", "0.5"),
        ("yyyy-mm-dd", "1", "1900-01-01"),
        ("d. mmmm yyyy", "45351", "2024-02-29"),
        ("h:mm AM/PM", "0.75", "18:00"),
        ("mm:ss", "0.000694", "00:01"),
        ("[h]:mm:ss", "1.5", "36:00"),
        ("yyyy-mm-dd", "-4", "-4"),
        ("yyyy-mm-dd", "1e300", "1e+300"),
        ("0.00", "nan", "nan"),
        ("0", "inf", "inf"),
        ("0.00", "seven", "seven"),
    ],
)
def test_numbers_are_told_as_a_person_reads_them(code: str, stored: str, seen: str) -> None:
    assert shown(stored, understood(code)) == seen


def test_days_may_be_counted_from_1904() -> None:
    assert shown("0", understood("yyyy-mm-dd"), since_1904=True) == "1904-01-01"


def test_slides_are_pages_with_titles_points_tables_and_notes() -> None:
    first = shape("Point\n deeper", "body") + shape("On herons", "ctrTitle") + shape("7", "sldNum")
    fallback = f"<mc:Fallback xmlns:mc='mc'>{shape('Twice')}</mc:Fallback>"
    second = f"<p:grpSp>{shape('A box')}</p:grpSp>" + TABLE + fallback
    parsed = read(presentation([(first, ""), (second, "Say it slowly")]))
    assert parsed.text.split("\n\n") == [
        "# On herons",
        "- Point\n  - deeper",
        "A box",
        "| Bird | Eggs |\n| --- | --- |\n| Heron | 4\\|5 |",
        "Notes: Say it slowly",
    ]
    assert parsed.title == "On herons"
    second_page = parsed.pages[1]
    assert second_page == Page(2, parsed.text.index("A box"), len(parsed.text))


def test_more_slides_or_sheets_than_are_read_are_counted() -> None:
    with pytest.raises(ParseFailed, match=r"^The presentation has 3 slides; at most 2 are read\.$"):
        read(presentation([("", "")] * 3), Limits(pages=2))
    with pytest.raises(ParseFailed, match=r"^The workbook has 3 sheets; at most 2 are read\.$"):
        read(workbook(dict.fromkeys("abc", "")), Limits(pages=2))


def test_cells_are_counted_over_all_sheets() -> None:
    rows = "<row><c><v>1</v></c><c/></row>"
    with pytest.raises(ParseFailed, match=r"^The workbook has more than 5 cells\.$"):
        read(workbook({"A": rows, "B": rows * 2}), Limits(cells=5))


def test_texts_that_cells_repeat_count_as_often_as_they_are_shown() -> None:
    rows = '<row><c t="s"><v>0</v></c></row>' * 1_000
    data = workbook({"Repeated": rows}, texts=[f"<t>{'word ' * 100}</t>"])
    with pytest.raises(ParseFailed, match="more than 100,000 characters"):
        read(data, Limits(text_characters=100_000))


def test_a_document_is_found_where_its_package_says_it_is() -> None:
    body = "<w:document xmlns:w='w'><w:p><w:r><w:t>Herons</w:t></w:r></w:p></w:document>"
    named = relations([("officeDocument", "word/document2.xml")])
    assert read(zipped({"_rels/.rels": named, "word/document2.xml": body})).text == "Herons"


def test_relations_reach_nothing_but_parts() -> None:
    outside = relations([("slide", "../../../etc/passwd"), ("slide", "http://x/y.xml")])
    main = '<p:x xmlns:p="p" xmlns:r="r"><p:sldId r:id="rId1"/><p:sldId r:id="rId2"/></p:x>'
    parts = {"ppt/presentation.xml": main, "ppt/_rels/presentation.xml.rels": outside}
    assert read(zipped(parts)).text == ""


def test_a_sheet_with_few_cells_far_apart_is_told_row_by_row() -> None:
    rows = "".join(
        f"<row><c r='A{n}' t='str'><v>a{n}</v></c><c r='{column(n)}{n}'><v>{n}</v></c></row>"
        for n in range(2, 3_000)
    )
    lines = read(workbook({"Sparse": rows})).text.split("\n")
    assert [line for line in lines if line][1:] == [f"a{n}; {n}" for n in range(2, 3_000)]


def column(number: int) -> str:
    """Return what a spreadsheet calls a column."""
    name = ""
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("A") + letter) + name
    return name
