"""Office files of which a part is damaged: what the text does without is left out and named."""

import io
import zipfile
from collections.abc import Callable, Mapping

import pytest

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import office
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed
from opened import DRAWING, RELATIONS, SHEETS, SLIDES, presentation, relations, workbook, zipped

CHARTS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMED = f'xmlns:c="{CHARTS}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONS}"'
CHART = (
    f"<c:chartSpace {NAMED}><c:chart><c:title><a:t>Herons</a:t></c:title></c:chart></c:chartSpace>"
)
FRAME = f'<p:graphicFrame {NAMED}><c:chart r:id="rId1"/></p:graphicFrame>'
SHAPE = "<p:sp><p:txBody><a:p><a:r><a:t>They wade.</a:t></a:r></a:p></p:txBody></p:sp>"

Damage = Callable[[bytes, str], bytes]


def document() -> bytes:
    body = (
        "<w:p><w:pPr><w:pStyle w:val='H'/></w:pPr><w:r><w:t>They wade.</w:t>"
        '<w:commentReference w:id="7"/><c:chart r:id="rId1"/></w:r></w:p>'
    )
    note = '<w:comment w:id="7"><w:p><w:r><w:t>Do they?</w:t></w:r></w:p></w:comment>'
    style = "<w:style w:styleId='H'><w:name w:val='heading 1'/></w:style>"
    return zipped(
        {
            "word/document.xml": f'<w:document xmlns:w="{WORDS}" {NAMED}>{body}</w:document>',
            "word/styles.xml": f'<w:styles xmlns:w="{WORDS}">{style}</w:styles>',
            "word/numbering.xml": f'<w:numbering xmlns:w="{WORDS}"/>',
            "word/comments.xml": f'<w:comments xmlns:w="{WORDS}">{note}</w:comments>',
            "word/_rels/document.xml.rels": relations([("chart", "charts/c.xml")]),
            "word/charts/c.xml": CHART,
        }
    )


def slides() -> bytes:
    said = f'<p:cmLst xmlns:p="{SLIDES}"><p:cm><p:text>Too long.</p:text></p:cm></p:cmLst>'
    diagram = f'<d xmlns:a="{DRAWING}"><p><a:t>Wade</a:t></p></d>'
    linked = [("chart", "../c.xml"), ("comments", "../said.xml"), ("diagramData", "../d.xml")]
    parts = {
        "ppt/slides/_rels/slide1.xml.rels": relations([*linked, ("notesSlide", "../n.xml")]),
        "ppt/c.xml": CHART,
        "ppt/said.xml": said,
        "ppt/d.xml": diagram,
        "ppt/n.xml": f'<p:notes xmlns:p="{SLIDES}"><p:sp><p:ph type="body"/></p:sp></p:notes>',
    }
    return more(presentation([(SHAPE + FRAME, ""), (SHAPE, "")]), parts)


def sheets() -> bytes:
    frame = '<d:graphicFrame><c:chart r:id="rId1"/></d:graphicFrame>'
    drawing = f'<d:wsDr xmlns:d="d" {NAMED}>{frame}</d:wsDr>'
    comment = "<comment ref='B2'><text><t>Twice.</t></text></comment>"
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(
            [("comments", "../said.xml"), ("drawing", "../d.xml")]
        ),
        "xl/said.xml": f'<comments xmlns="{SHEETS}">{comment}</comments>',
        "xl/d.xml": drawing,
        "xl/_rels/d.xml.rels": relations([("chart", "c.xml")]),
        "xl/c.xml": CHART,
    }
    cell = '<row><c t="str"><v>They wade.</v></c></row>'
    return more(workbook({"Birds": cell}, formats=["0.0"]), parts)


def more(data: bytes, parts: Mapping[str, str]) -> bytes:
    """Return an archive with more parts."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def spoilt(data: bytes, name: str) -> bytes:
    """Return an archive in which a part does not unpack."""
    file = bytearray(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entry = archive.getinfo(name)
        file[entry.header_offset + 30 + len(name)] ^= 0xFF
    return bytes(file)


def cut(data: bytes, name: str) -> bytes:
    """Return an archive in which a part ends in the middle of its XML."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {each: archive.read(each).decode() for each in archive.namelist()}
    return zipped(parts | {name: parts[name][: len(parts[name]) // 2]})


def read(data: bytes) -> Parsed:
    return office.parse(io.BytesIO(data), Limits(), lambda _done, _total: None)


@pytest.mark.parametrize("damage", [spoilt, cut])
@pytest.mark.parametrize(
    ("make", "part", "unread"),
    [
        (document, "word/styles.xml", "the styles"),
        (document, "word/numbering.xml", "the numbering of lists"),
        (document, "word/comments.xml", "comments"),
        (document, "word/_rels/document.xml.rels", "what stands beside the text"),
        (document, "word/charts/c.xml", "charts"),
        (slides, "ppt/slides/_rels/slide1.xml.rels", "what stands beside the text"),
        (slides, "ppt/c.xml", "charts"),
        (slides, "ppt/said.xml", "comments"),
        (slides, "ppt/d.xml", "diagrams"),
        (slides, "ppt/n.xml", "speakers' notes"),
        (sheets, "xl/styles.xml", "the formats of numbers"),
        (sheets, "xl/worksheets/_rels/sheet1.xml.rels", "what stands beside the text"),
        (sheets, "xl/_rels/d.xml.rels", "what stands beside the text"),
        (sheets, "xl/said.xml", "comments"),
        (sheets, "xl/d.xml", "drawings"),
        (sheets, "xl/c.xml", "charts"),
    ],
)
def test_a_text_is_read_without_what_is_damaged_beside_it(
    make: Callable[[], bytes], part: str, unread: str, damage: Damage
) -> None:
    parsed = read(damage(make(), part))
    assert "They wade." in parsed.text
    assert parsed.text.endswith(f"\n\n(Not read, for it is damaged: {unread}.)")
    assert [page.end for page in parsed.pages[-1:]] in ([], [len(parsed.text)])


def test_comments_before_the_one_that_is_damaged_are_read() -> None:
    with zipfile.ZipFile(io.BytesIO(document())) as archive:
        parts = {each: archive.read(each).decode() for each in archive.namelist()}
    name = "word/comments.xml"
    parts[name] = parts[name].replace("</w:comments>", '<w:comment w:id="8"><w:p><w:r><w:t>No')
    assert "Do they?" in read(zipped(parts)).text


@pytest.mark.parametrize("make", [document, slides, sheets])
def test_nothing_is_missing_of_a_file_that_is_whole(make: Callable[[], bytes]) -> None:
    assert "Not read" not in read(make()).text


@pytest.mark.parametrize("damage", [spoilt, cut])
@pytest.mark.parametrize(
    ("make", "part"),
    [
        (document, "word/document.xml"),
        (slides, "ppt/presentation.xml"),
        (slides, "ppt/_rels/presentation.xml.rels"),
        (slides, "ppt/slides/slide2.xml"),
        (sheets, "xl/workbook.xml"),
        (sheets, "xl/worksheets/sheet1.xml"),
        (sheets, "xl/sharedStrings.xml"),
    ],
)
def test_a_file_whose_text_is_damaged_fails(
    make: Callable[[], bytes], part: str, damage: Damage
) -> None:
    with pytest.raises(ParseFailed, match="damaged"):
        read(damage(make(), part))


def test_what_is_damaged_cannot_hide_entities() -> None:
    laughs = f'<!DOCTYPE x [<!ENTITY a "ha">]>{CHART}'
    with pytest.raises(ParseFailed, match="entities"):
        read(more(document(), {"word/charts/more.xml": laughs}))
