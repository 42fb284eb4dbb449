"""Small PDF files for tests, written by hand: text at places, nothing else."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, repeat

PICTURE = b"q 500 0 0 700 40 40 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x80 EI Q"
"""What draws a grey picture over most of a page."""


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text; the origin is the lower left corner of a 595 x 842 page."""

    x: float
    y: float
    text: str
    size: float = 10


def column(x: float, top: float, lines: Sequence[str], size: float = 10) -> list[Text]:
    """Return lines set under one another at one and a fifth of their size."""
    return [Text(x, top - index * size * 1.2, line, size) for index, line in enumerate(lines)]


def drawn(x: float, y: float, to_x: float, to_y: float) -> bytes:
    """Return what draws a line."""
    return b"%f %f m %f %f l S" % (x, y, to_x, to_y)


def pdf(
    pages: Sequence[Sequence[Text]], *, title: str = "", drawings: Sequence[bytes] = ()
) -> bytes:
    """Return a PDF with these pages, set in Helvetica, and what is drawn on the first of them."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Title (%b) >>" % _escaped(title),
    ]
    kids: list[str] = []
    for page, drawing in zip(pages, chain(drawings, repeat(b"")), strict=False):
        data = zlib.compress(b"\n".join([drawing, *(_shown(text) for text in page)]))
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(data))
        objects[-1] += data + b"\nendstream"
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F 3 0 R >> >> >>" % len(objects)
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    return _file(objects)


def _shown(text: Text) -> bytes:
    return b"BT /F %f Tf %f %f Td (%b) Tj ET" % (text.size, text.x, text.y, _escaped(text.text))


def _escaped(text: str) -> bytes:
    data = text.encode("cp1252")
    return data.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _file(objects: Sequence[bytes]) -> bytes:
    data = bytearray(b"%PDF-1.4\n")
    places: list[int] = []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer\n<< /Size %d /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        start,
    )
    return bytes(data)


def form(fields: Sequence[bytes]) -> bytes:
    """Return a PDF of a page with a form; a field is what stands in its dictionary."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [%b] >> >>",
        b"<< /Type /Pages /Kids [6 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Title () >>",
        b"<< /Length 41 >>\nstream\nBT /F 10 Tf 60 700 Td (Who are you?) Tj ET\nendstream",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R /Annots [%b] >>",
    ]
    named = b" ".join(b"%d 0 R" % (len(objects) + place) for place in range(1, len(fields) + 1))
    widget = b"<< /Type /Annot /Subtype /Widget /Rect [60 600 160 620] /P 6 0 R %b >>"
    objects[0], objects[5] = objects[0] % named, objects[5] % named
    return _file([*objects, *(widget % field for field in fields)])


def encrypted() -> bytes:
    """Return a PDF that opens with a password only; what is in it does not matter."""
    plain = pdf([[Text(60, 700, "secret")]])
    lock = b"<< /Filter /Standard /V 1 /R 2 /P -44 /O <%b> /U <%b> >>" % (b"11" * 32, b"22" * 32)
    return plain.replace(b"/Info 4 0 R", b"/Info 4 0 R /Encrypt " + lock + b" /ID [<00> <00>]")
