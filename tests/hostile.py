"""Files that were made to hurt whoever opens them, all of them small."""

import io
import random
import zipfile
import zlib
from typing import Final

MEGABYTE: Final = 1024 * 1024
BEGIN: Final = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
)
END: Final = b"</w:body></w:document>"
SHOW: Final = b"BT /F 8 Tf 10 700 Td (heron) Tj ET\n"


def archive(**parts: bytes) -> bytes:
    """Return a zip archive; `__` in a name is a slash, `_xml` an ending."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in parts.items():
            written.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return data.getvalue()


def word(body: bytes, *, before: bytes = b"") -> bytes:
    """Return a Word document of a body and what precedes the document in its XML."""
    return archive(word__document_xml=before + BEGIN + body + END)


def laughs(before: bytes = b"", name: str = "word/document.xml") -> bytes:
    """Return an Office file of a billion laughs."""
    entities = b"".join(b'<!ENTITY %c "%b">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    declared = b'%b<!DOCTYPE x [<!ENTITY a "ha">%b]>' % (before, entities)
    body = declared + BEGIN + b"<w:p><w:r><w:t>&j;</w:t></w:r></w:p>" + END
    return archive(**{name: body})


def locked() -> bytes:
    """Return an archive whose part says that it is encrypted."""
    data = bytearray(archive(ppt__presentation_xml=b"secret"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def mails(depth: int) -> bytes:
    """Return a message in a message in a message."""
    return b"From: a\nSubject: b\nContent-Type: message/rfc822\n\n" * depth + b"\n"


def parted(count: int) -> bytes:
    """Return a message of so many parts."""
    head = b"From: a\nMessage-ID: b\nContent-Type: multipart/mixed; boundary=c\n\n"
    return head + b"--c\n\nx\n" * count + b"--c--\n"


def slow() -> bytes:
    """Return a small PDF of 500 pages that hold little and take a tenth of a second each."""
    noise = random.Random(1).randbytes(MEGABYTE // 4).translate(None, b"\r\n")
    return pages(500, b"%" + noise + b"\n" + SHOW * 60_000)


def pages(count: int, content: bytes = SHOW) -> bytes:
    """Return a PDF that shows one page so many times; its content is compressed."""
    packed = zlib.compress(content, 9)
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> >>"
    )
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%b] /Count %d >>" % (b"3 0 R " * count, count),
        page,
        b"<< /Length %d /Filter /FlateDecode >> stream\n%b\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out = bytearray(b"%PDF-1.7\n")
    places: list[int] = []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    size, table = len(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out) + (
        b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (size, table)
    )
