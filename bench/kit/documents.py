"""Documents as offices have them, made from a seed: of every kind, long and short, some broken."""

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from random import Random
from typing import Final
from xml.sax.saxutils import escape

WORDS: Final = re.findall(
    r"\S+",
    """
    account agreement annual appendix approve Ärzte balance board budget café change client
    committee contract cost customer data deadline delivery department draft employee estimate
    façade figure Größe growth heron invoice issue item market meeting minutes note offer order
    payment plan policy price project quarter question rate report review risk sales schedule
    service share staff status summary supplier target team terms total update value version
    """,
)
BROKEN_SHARE: Final = 0.15
OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006/relationships"


@dataclass(frozen=True, slots=True)
class Made:
    """A file, and whether it was broken on purpose."""

    name: str
    data: bytes
    broken: bool


def documents(count: int, seed: int) -> Iterator[Made]:
    """Yield so many files, of all kinds in turn."""
    random = Random(seed)
    for number in range(count):
        ending, make = list(KINDS.items())[number % len(KINDS)]
        data = make(random)
        broken = random.random() < BROKEN_SHARE
        if broken:
            data = random.choice(DAMAGES)(data, random)
        yield Made(f"{number:03}-{random.choice(WORDS)}.{ending}", data, broken)


def _sentence(random: Random) -> str:
    words = " ".join(random.choices(WORDS, k=random.randint(5, 18)))
    return f"{words[0].upper()}{words[1:]}."


def _paragraph(random: Random) -> str:
    return " ".join(_sentence(random) for _ in range(random.randint(2, 6)))


def _rows(random: Random) -> list[list[str]]:
    names = random.sample(WORDS, k=random.randint(2, 6))
    return [
        names,
        *(
            [random.choice(WORDS), *(str(random.randint(1, 99_999)) for _ in names[1:])]
            for _ in range(random.randint(3, 120))
        ),
    ]


def _zipped(parts: dict[str, str]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return data.getvalue()


def _relations(targets: list[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="r{place}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for place, (kind, target) in enumerate(targets)
    )
    return f'<Relationships xmlns="{PACKAGE}">{lines}</Relationships>'


def _docx(random: Random) -> bytes:
    blocks: list[str] = []
    for _ in range(random.randint(1, 12)):
        level = "<w:pPr><w:outlineLvl w:val='0'/></w:pPr>"
        blocks.append(f"<w:p>{level}<w:r><w:t>{_sentence(random)}</w:t></w:r></w:p>")
        blocks += [f"<w:p><w:r><w:t>{_paragraph(random)}</w:t></w:r></w:p>" for _ in range(4)]
        cells = "".join(
            "<w:tr>"
            + "".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in row)
            + "</w:tr>"
            for row in _rows(random)
        )
        blocks.append(f"<w:tbl>{cells}</w:tbl>")
    body = f"<w:document xmlns:w='w'><w:body>{''.join(blocks)}</w:body></w:document>"
    return _zipped({"word/document.xml": body})


def _xlsx(random: Random) -> bytes:
    count = random.randint(1, 4)
    listed = "".join(
        f"<sheet name='{random.choice(WORDS)} {n}' r:id='r{n}'/>" for n in range(count)
    )
    parts = {
        "xl/workbook.xml": f"<workbook xmlns:r='{OFFICE}'><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", f"s{n}.xml") for n in range(count)]
        ),
    }
    for number in range(count):
        rows = "".join(
            "<row>"
            + "".join(f"<c t='inlineStr'><is><t>{cell}</t></is></c>" for cell in row)
            + "</row>"
            for row in _rows(random)
        )
        parts[f"xl/s{number}.xml"] = f"<worksheet><sheetData>{rows}</sheetData></worksheet>"
    return _zipped(parts)


def _pptx(random: Random) -> bytes:
    count = random.randint(1, 40)
    listed = "".join(f"<p:sldId r:id='r{n}'/>" for n in range(count))
    named = f"xmlns:p='p' xmlns:a='a' xmlns:r='{OFFICE}'"
    parts = {
        "ppt/presentation.xml": f"<p:presentation {named}>{listed}</p:presentation>",
        "ppt/_rels/presentation.xml.rels": _relations(
            [("slide", f"s{n}.xml") for n in range(count)]
        ),
    }
    for number in range(count):
        title = (
            f"<p:sp><p:ph type='title'/><a:p><a:r><a:t>{_sentence(random)}</a:t></a:r></a:p></p:sp>"
        )
        points = "".join(f"<a:p><a:r><a:t>{_sentence(random)}</a:t></a:r></a:p>" for _ in range(5))
        parts[f"ppt/s{number}.xml"] = f"<p:sld {named}>{title}<p:sp><p:ph/>{points}</p:sp></p:sld>"
    return _zipped(parts)


def _pdf(random: Random) -> bytes:
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    kids: list[int] = []
    for _ in range(random.randint(1, 30)):
        lines = [_sentence(random)[:90] for _ in range(random.randint(5, 50))]
        shown = "\n".join(
            f"BT /F 10 Tf 60 {780 - 14 * n} Td ({line}) Tj ET" for n, line in enumerate(lines)
        )
        stream = zlib.compress(shown.encode("cp1252"))
        objects.append(
            b"<< /Length %d /Filter /FlateDecode >> stream\n%b\nendstream" % (len(stream), stream)
        )
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    objects[1] = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (listed, len(kids))
    body = b"%PDF-1.4\n"
    places: list[int] = []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(body),
    )
    return body + head + table + end


def _eml(random: Random) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.org", "b@example.org"
    message["Subject"] = _sentence(random)
    message["Message-ID"] = f"<{random.randint(1, 10**9)}@example.org>"
    message.set_content("\n\n".join(_paragraph(random) for _ in range(5)))
    message.add_alternative(f"<p>{_paragraph(random)}</p>", subtype="html")
    for ending, make in random.sample(list(KINDS.items())[:-1], k=random.randint(0, 2)):
        message.add_attachment(
            make(random), maintype="application", subtype="x", filename=f"a.{ending}"
        )
    return message.as_bytes()


def _json(random: Random) -> bytes:
    names, *rows = _rows(random)
    records = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps({"title": _sentence(random), "records": records}, indent=2).encode()


def _csv(random: Random) -> bytes:
    separator = random.choice(",;\t")
    return "\n".join(separator.join(row) for row in _rows(random)).encode(
        random.choice(["utf-8", "cp1252"])
    )


def _text(random: Random) -> bytes:
    text = "\n\n".join(_paragraph(random) for _ in range(random.randint(1, 60)))
    return text.encode(random.choice(["utf-8", "cp1252", "utf-16"]))


def _markdown(random: Random) -> bytes:
    parts = (
        f"## {_sentence(random)}\n\n{_paragraph(random)}" for _ in range(random.randint(1, 40))
    )
    return "\n\n".join(parts).encode()


def _html(random: Random) -> bytes:
    parts = "".join(f"<h2>{escape(_sentence(random))}<p>{_paragraph(random)}" for _ in range(30))
    rows = "".join(f"<tr><td>{'<td>'.join(row)}" for row in _rows(random))
    return f"<!doctype html><title>{_sentence(random)}</title>{parts}<table>{rows}</table>".encode()


def _cut(data: bytes, random: Random) -> bytes:
    return data[: int(len(data) * random.uniform(0.3, 0.9))]


def _picture(_data: bytes, random: Random) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + random.randbytes(5_000)


def _old(_data: bytes, random: Random) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + random.randbytes(5_000)


def _nothing(_data: bytes, _random: Random) -> bytes:
    return b" \n"


def _noise(data: bytes, random: Random) -> bytes:
    return data[:64] + random.randbytes(len(data))


KINDS: Final[dict[str, Callable[[Random], bytes]]] = {
    "pdf": _pdf,
    "docx": _docx,
    "xlsx": _xlsx,
    "pptx": _pptx,
    "html": _html,
    "md": _markdown,
    "txt": _text,
    "csv": _csv,
    "json": _json,
    "eml": _eml,
}
DAMAGES: Final[tuple[Callable[[bytes, Random], bytes], ...]] = (
    _cut,
    _picture,
    _old,
    _nothing,
    _noise,
)
