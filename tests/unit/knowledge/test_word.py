"""What Word writes, and what becomes of it."""

import io
import zipfile

import pytest

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import office
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed

TRANSITIONAL = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
STYLES = """
<w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
<w:style w:styleId="Own"><w:name w:val="Kapitel"/><w:basedOn w:val="berschrift1"/></w:style>
<w:style w:styleId="Outlined"><w:name w:val="X"/><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>
<w:style w:styleId="Listed"><w:name w:val="L"/>
  <w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>
<w:style w:styleId="Loop"><w:name w:val="Loop"/><w:basedOn w:val="Loop"/></w:style>
"""
NUMBERING = """
<w:abstractNum w:abstractNumId="7">
  <w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl>
  <w:lvl w:ilvl="1"><w:numFmt w:val="decimal"/></w:lvl>
</w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>
"""
FOOTNOTES = """
<w:footnote w:id="-1"><w:p><w:r><w:separator/></w:r></w:p></w:footnote>
<w:footnote w:id="2"><w:p><w:r><w:t>Below.</w:t></w:r></w:p></w:footnote>
<w:footnote w:id="3"><w:p><w:r><w:t>Nobody</w:t></w:r></w:p></w:footnote>
"""


def paragraph(text: str, style: str = "", **numbering: int) -> str:
    """A paragraph; `text` may hold elements of a run."""
    numbers = "".join(f'<w:{name} w:val="{value}"/>' for name, value in numbering.items())
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    properties += f"<w:numPr>{numbers}</w:numPr>" if numbers else ""
    run = text if text.startswith("<w:") else f"<w:t>{text}</w:t>"
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r>{run}</w:r></w:p>"


def word(body: str, *, namespace: str = TRANSITIONAL, before: str = "") -> bytes:
    parts = {
        "document": f"<w:body>{body}</w:body>",
        "styles": STYLES,
        "numbering": NUMBERING,
        "footnotes": FOOTNOTES,
    }
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            head = before if name == "document" else ""
            xml = f'{head}<w:{name} xmlns:w="{namespace}" xmlns:mc="mc">{content}</w:{name}>'
            archive.writestr(f"word/{name}.xml", xml)
    return data.getvalue()


def read(data: bytes) -> Parsed:
    return office.parse(io.BytesIO(data), Limits(), lambda _done, _total: None)


@pytest.mark.parametrize("namespace", [TRANSITIONAL, STRICT])
def test_a_style_makes_a_heading_by_its_name_its_outline_or_the_style_it_is_based_on(
    namespace: str,
) -> None:
    body = "".join(
        paragraph(f"In {style}", style) for style in ("berschrift1", "Own", "Outlined", "Loop")
    )
    parsed = read(word(body, namespace=namespace))
    assert [(each.level, each.title) for each in parsed.headings] == [
        (1, "In berschrift1"),
        (1, "In Own"),
        (2, "In Outlined"),
    ]
    assert parsed.text.endswith("\n\nIn Loop")


def test_lists_are_nested_and_numbered_as_their_numbering_says() -> None:
    body = (
        paragraph("a", numId=1, ilvl=0)
        + paragraph("first", numId=1, ilvl=1)
        + paragraph("second", numId=1, ilvl=1)
        + paragraph("b", "Listed")
        + paragraph("none", "Listed", numId=0)
    )
    assert read(word(body)).text == "- a\n  1. first\n  2. second\n- b\n\nnone"


def test_notes_are_marked_where_they_stand_and_follow_at_the_end() -> None:
    body = paragraph('<w:t>Above</w:t><w:footnoteReference w:id="2"/>') + paragraph("Last")
    assert read(word(body)).text == "Above[1]\n\nLast\n\n[1] Below."


def test_what_was_deleted_or_is_there_twice_is_read_once_or_never() -> None:
    body = (
        "<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>"
        "<w:moveFrom><w:r><w:t>moved </w:t></w:r></w:moveFrom>"
        "<w:ins><w:r><w:t>kept </w:t></w:r></w:ins>"
        "<w:hyperlink><w:r><w:t>link</w:t></w:r></w:hyperlink></w:p>"
        "<w:p><w:r><mc:AlternateContent><mc:Choice><w:txbxContent>"
        + paragraph("A box")
        + "</w:txbxContent></mc:Choice><mc:Fallback><w:txbxContent>"
        + paragraph("A box")
        + "</w:txbxContent></mc:Fallback></mc:AlternateContent><w:t>Around it</w:t></w:r></w:p>"
    )
    assert read(word(body)).text == "kept link\n\nA box\n\nAround it"


def test_tabs_and_breaks_are_those_of_the_text_and_not_of_its_format() -> None:
    body = (
        "<w:p><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t>"
        '<w:br/><w:t>c</w:t><w:noBreakHyphen/><w:t xml:space="preserve">d  e</w:t></w:r></w:p>'
    )
    assert read(word(body)).text == "a b\nc-d e"


def test_entities_that_hide_behind_a_long_comment_do_not_multiply() -> None:
    entities = '<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    before = f"<!--{'x' * 5_000}--><!DOCTYPE x [{entities}]>"
    try:
        text = read(word(paragraph("Seen &j;"), before=before)).text
    except ParseFailed as failure:
        text = str(failure)
    assert len(text) < 100


def test_a_document_of_many_pages_is_reported_part_by_part() -> None:
    seen: list[tuple[int, int]] = []
    data = word(paragraph("A line of text") * 20_000)
    office.parse(io.BytesIO(data), Limits(), lambda done, total: seen.append((done, total)))
    assert len(seen) > 10
    assert seen == sorted(seen)
    assert seen[-1][0] <= seen[-1][1]
