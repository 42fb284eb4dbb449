"""What stands beside the text of Office files: comments, charts, and what is said of pictures."""

import io
import zipfile
from collections.abc import Mapping

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import drawings, office
from opened import DRAWING, RELATIONS, SHEETS, SLIDES, presentation, relations, workbook, zipped

CHARTS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
WORDS = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMED = f'xmlns:c="{CHARTS}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONS}"'
SAID = "Chart: Herons counted"
TABLE = "|  | Young | Old |\n| --- | --- | --- |\n| 2023 | 3 | 4 |\n| 2024 | 5 |  |"


def points(name: str, *values: str) -> str:
    kept = "".join(f"<c:pt><c:v>{value}</c:v></c:pt>" for value in values)
    return (
        f"<c:{name}><c:numRef><c:f>A1:B2</c:f><c:numCache>{kept}</c:numCache></c:numRef></c:{name}>"
    )


def series(name: str, *values: str) -> str:
    years = points("cat", "2023", "2024")
    return f"<c:ser>{points('tx', name)}{years}{points('val', *values)}</c:ser>"


def chart(*all_series: str) -> str:
    title = "<c:title><a:t>Herons</a:t><a:t> counted</a:t></c:title>"
    axis = "<c:valAx><c:title><a:t>No title of it</a:t></c:title></c:valAx>"
    plot = f"<c:plotArea>{''.join(all_series)}{axis}</c:plotArea>"
    return f"<c:chartSpace {NAMED}><c:chart>{title}{plot}</c:chart></c:chartSpace>"


USUAL = chart(series("Young", "3", "5"), series("Old", "4"))


def more(data: bytes, parts: Mapping[str, str]) -> bytes:
    """Return an archive with more parts."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def blocks(data: bytes) -> list[str]:
    text = office.parse(io.BytesIO(data), Limits(), lambda _done, _total: None).text
    return text.split("\n\n")


def test_a_word_document_tells_of_pictures_where_they_stand_and_of_comments_and_charts() -> None:
    drawn = '<w:drawing><wp:docPr xmlns:wp="wp" id="1" descr="A heron&#10;wades."/></w:drawing>'
    graphic = '<w:drawing><wp:docPr xmlns:wp="wp" id="2"/><c:chart r:id="rId1"/></w:drawing>'
    body = (
        f"<w:p><w:r><w:t>See</w:t>{drawn}<w:commentReference w:id='7'/></w:r></w:p>"
        f"<w:p><w:r><w:t>and</w:t>{graphic}</w:r></w:p>"
    )
    parts = {
        "word/document.xml": f'<w:document xmlns:w="{WORDS}" {NAMED}>{body}</w:document>',
        "word/comments.xml": f'<w:comments xmlns:w="{WORDS}"><w:comment w:id="7" w:author="Eve">'
        "<w:p><w:r><w:t>Which one?</w:t></w:r></w:p></w:comment></w:comments>",
        "word/_rels/document.xml.rels": relations([("chart", "charts/chart1.xml")]),
        "word/charts/chart1.xml": USUAL,
    }
    assert blocks(zipped(parts)) == [
        "See[Picture: A heron wades.][1]",
        "and",
        "[1] Which one?",
        SAID,
        TABLE,
    ]


def test_slides_tell_of_pictures_charts_and_comments() -> None:
    picture = '<p:pic><p:nvPicPr><p:cNvPr id="2" descr="A heron."/></p:nvPicPr></p:pic>'
    graphic = f'<p:graphicFrame {NAMED}><c:chart r:id="rId1"/></p:graphicFrame>'
    old = f'<p:cmLst xmlns:p="{SLIDES}"><p:cm><p:text>Too long.</p:text></p:cm></p:cmLst>'
    new = (
        f'<n:cmLst xmlns:n="new" xmlns:a="{DRAWING}"><n:cm><n:replyLst><n:reply><a:t>No.</a:t>'
        "</n:reply></n:replyLst><a:t>Too short.</a:t></n:cm></n:cmLst>"
    )
    parts = {
        "ppt/slides/_rels/slide1.xml.rels": relations(
            [("chart", "../c.xml"), ("comments", "../old.xml"), ("x/comments", "../new.xml")]
        ),
        "ppt/c.xml": USUAL,
        "ppt/old.xml": old,
        "ppt/new.xml": new,
    }
    assert blocks(more(presentation([(picture + graphic, "")]), parts)) == [
        *("Picture: A heron.", SAID, TABLE),
        *("Comment: Too long.", "Comment: No. Too short."),
    ]


def test_sheets_tell_of_comments_pictures_and_charts_below_their_cells() -> None:
    sheets = {"Birds": "<row><c><v>1</v></c></row>", "Drawn": ""}
    comment = "<comment ref='B2'><text><r><t>Counted</t></r><r><t> twice.</t></r></text></comment>"
    stand_in = "<comment ref='C3'><text><t>[Threaded comment] Too old.</t></text></comment>"
    thread = '<T xmlns="t"><threadedComment ref="C3"><text>Really?</text></threadedComment></T>'
    drawing = (
        f'<d:wsDr xmlns:d="d" {NAMED}><d:pic><d:cNvPr descr="A heron."/></d:pic><d:graphicFrame>'
        '<c:chart r:id="rId1"/></d:graphicFrame></d:wsDr>'
    )
    parts = {
        "xl/worksheets/_rels/sheet1.xml.rels": relations(
            [("comments", "../comments1.xml"), ("threadedComment", "../threads1.xml")]
        ),
        "xl/comments1.xml": f'<comments xmlns="{SHEETS}">{comment}{stand_in}</comments>',
        "xl/threads1.xml": thread,
        "xl/worksheets/_rels/sheet2.xml.rels": relations([("drawing", "../drawing1.xml")]),
        "xl/drawing1.xml": drawing,
        "xl/_rels/drawing1.xml.rels": relations([("chart", "chart1.xml")]),
        "xl/chart1.xml": USUAL,
    }
    assert blocks(more(workbook(sheets), parts)) == [
        *("# Birds", "1", "Comment on B2: Counted twice.", "Comment on C3: Really?"),
        *("# Drawn", "Picture: A heron.", SAID, TABLE),
    ]


def test_of_a_chart_with_more_than_anybody_draws_some_is_read() -> None:
    many = series("S", *map(str, range(3 * drawings.MOST_POINTS)))
    graphic = f'<p:graphicFrame {NAMED}><c:chart r:id="rId1"/></p:graphicFrame>'
    parts = {
        "ppt/slides/_rels/slide1.xml.rels": relations([("chart", "../c.xml")]),
        "ppt/c.xml": chart(*[many] * (2 * drawings.MOST_SERIES)),
    }
    _, table = blocks(more(presentation([(graphic, "")]), parts))
    lines = table.splitlines()
    assert len(lines) == drawings.MOST_POINTS + 2
    assert lines[0].count("| S ") == drawings.MOST_SERIES


def test_the_name_of_a_file_says_nothing_of_a_picture() -> None:
    """Programs put it where people would say what the picture shows."""
    pictures = "".join(
        f'<p:pic><p:nvPicPr><p:cNvPr id="2" descr="{said}"/></p:nvPicPr></p:pic>'
        for said in ("image1.PNG", "A heron.", "The file heron.png")
    )
    assert blocks(presentation([(pictures, "")])) == [
        "Picture: A heron.",
        "Picture: The file heron.png",
    ]
