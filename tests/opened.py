"""Small Excel and PowerPoint files for tests, written part by part."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final

SHEETS: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SLIDES: Final = "http://schemas.openxmlformats.org/presentationml/2006/main"
DRAWING: Final = "http://schemas.openxmlformats.org/drawingml/2006/main"
RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


def zipped(parts: Mapping[str, str]) -> bytes:
    """Return an archive of parts."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def relations(targets: Sequence[tuple[str, str]]) -> str:
    """Return the part that says what `rId1` and so on stand for: kinds and targets."""
    lines = (
        f'<Relationship Id="rId{place}" Type="{RELATIONS}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{"".join(lines)}</Relationships>'


def workbook(
    sheets: Mapping[str, str], *, texts: Sequence[str] = (), formats: Sequence[str] = ()
) -> bytes:
    """Return a workbook of sheets, whose rows are XML; style 1 is the first of the formats."""
    named = "".join(
        f'<sheet name="{name}" sheetId="{place}" r:id="rId{place}"/>'
        for place, name in enumerate(sheets, start=1)
    )
    codes = "".join(
        f'<numFmt numFmtId="{164 + place}" formatCode="{code}"/>'
        for place, code in enumerate(formats)
    )
    used = "".join(f'<xf numFmtId="{164 + place}"/>' for place in range(len(formats)))
    shared = "".join(f"<si>{text}</si>" for text in texts)
    targets = [("worksheet", f"worksheets/sheet{place + 1}.xml") for place in range(len(sheets))]
    targets += [("sharedStrings", "sharedStrings.xml"), ("styles", "/xl/styles.xml")]
    parts = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{SHEETS}" xmlns:r="{RELATIONS}"><sheets>{named}'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(targets),
        "xl/sharedStrings.xml": f'<sst xmlns="{SHEETS}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{SHEETS}"><numFmts>{codes}</numFmts>'
        f'<cellXfs><xf numFmtId="0"/>{used}</cellXfs></styleSheet>',
    }
    for place, rows in enumerate(sheets.values(), start=1):
        sheet = f'<worksheet xmlns="{SHEETS}"><sheetData>{rows}</sheetData></worksheet>'
        parts[f"xl/worksheets/sheet{place}.xml"] = sheet
    return zipped(parts)


def presentation(slides: Sequence[tuple[str, str]]) -> bytes:
    """Return a presentation of slides: the XML of shapes, and what their speaker has noted."""
    listed = "".join(f'<p:sldId id="{256 + n}" r:id="rId{n + 1}"/>' for n in range(len(slides)))
    named = f'xmlns:p="{SLIDES}" xmlns:a="{DRAWING}" xmlns:r="{RELATIONS}"'
    parts = {
        "_rels/.rels": relations([("officeDocument", "/ppt/presentation.xml")]),
        "ppt/presentation.xml": f"<p:presentation {named}><p:sldIdLst>{listed}</p:sldIdLst>"
        "</p:presentation>",
        "ppt/_rels/presentation.xml.rels": relations(
            [("slide", f"slides/slide{n + 1}.xml") for n in range(len(slides))]
        ),
    }
    for n, (shapes, said) in enumerate(slides, start=1):
        parts[f"ppt/slides/slide{n}.xml"] = f"<p:sld {named}><p:spTree>{shapes}</p:spTree></p:sld>"
        if said:
            notes = shape(said, "body")
            parts[f"ppt/slides/_rels/slide{n}.xml.rels"] = relations(
                [("notesSlide", f"../notesSlides/notes{n}.xml")]
            )
            parts[f"ppt/notesSlides/notes{n}.xml"] = f"<p:notes {named}>{notes}</p:notes>"
    return zipped(parts)


def shape(text: str, placeholder: str | None = None) -> str:
    """Return a shape; each line is a paragraph, as deep in a list as it is indented."""
    filled = f'<p:nvPr><p:ph type="{placeholder}"/></p:nvPr>' if placeholder else ""
    paragraphs = "".join(
        f'<a:p><a:pPr lvl="{len(line) - len(line.lstrip())}"/><a:r><a:t>{line.strip()}</a:t></a:r>'
        "</a:p>"
        for line in text.split("\n")
    )
    return f"<p:sp>{filled}<p:txBody>{paragraphs}</p:txBody></p:sp>"
