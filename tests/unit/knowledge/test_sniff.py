"""What a file is, told from what is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import opened
from folkmoot.knowledge.routes.described import READABLE
from folkmoot.knowledge.sniff import HEAD_BYTES, Kind, UnsupportedFile, sniff

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MAIL = b"""Received: from a
 by b; yesterday
From: Ada
MIME-Version: 1.0

Hello"""
HTML = b"<!-- saved -->\n<!DOCTYPE html><html><body><p>Hi</p></body></html>"


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PDF, "report.pdf", Kind.PDF),
        (PDF, "report.txt", Kind.PDF),
        (b"\n\n" + PDF, "", Kind.PDF),
        (b"PK\x03\x04rest", "letter.docx", Kind.DOCX),
        (b"PK\x03\x04rest", "letter.pdf", Kind.DOCX),
        (HTML, "page.html", Kind.HTML),
        (HTML, "page.pdf", Kind.HTML),
        (b"<?xml version='1.0'?><html><body/></html>", "", Kind.HTML),
        (b"<p>A part of a page</p>", "part.html", Kind.HTML),
        (b"<p>A part of a page</p>", "part.txt", Kind.TEXT),
        (b"# Title\n\ntext", "notes.md", Kind.MARKDOWN),
        (b"# Title\n\ntext", "notes", Kind.MARKDOWN),
        (b"# not a title\n", "config.txt", Kind.TEXT),
        (b"a,b\n1,2\n3,4\n", "table.csv", Kind.CSV),
        (b"a\tb\n1\t2\n", "table.tsv", Kind.CSV),
        (b"a;b;c\n1;2;3\n4;5;6\n7;8;9\n", "table.pdf", Kind.CSV),
        (b"just a line of prose", "table.csv", Kind.TEXT),
        (b"Dear all, yes, well, no.\nBye, now.\n", "letter", Kind.TEXT),
        ("Grüße".encode(), "a.pdf", Kind.TEXT),
        ("Grüße".encode("utf-16"), "a.txt", Kind.TEXT),
        ("Grüße".encode("cp1252"), "a.txt", Kind.TEXT),
        (b'{"a": 1}', "data.json", Kind.JSON),
        (b'[{"a": "' + b"x" * 9_000, "data", Kind.JSON),
        (b'{"a": 1}\n{"a": 2}\n', "data.txt", Kind.JSON),
        (b"[" * HEAD_BYTES, "deep", Kind.JSON),
        (b"[1] Ada, On herons. [2] Alan.", "notes.txt", Kind.TEXT),
        (b'{"a" is the first letter', "a.txt", Kind.TEXT),
        (b"no json at all", "a.json", Kind.TEXT),
        (MAIL, "message", Kind.EMAIL),
        (MAIL.replace(b"\n", b"\r\n"), "message.txt", Kind.EMAIL),
        (b"From: Ada\nSubject: Herons\n\nDear Alan,", "letter.eml", Kind.EMAIL),
        (b"From: Ada\nSubject: Herons\n\nDear Alan,", "letter.txt", Kind.TEXT),
        (opened.workbook({"A": ""}), "a.docx", Kind.XLSX),
        (opened.presentation([("", "")]), "a.zip", Kind.PPTX),
        (b"PK\x03\x04rest", "slides.pptx", Kind.PPTX),
    ],
)
def test_the_kind_follows_the_content_and_the_name_only_among_texts(
    data: bytes, name: str, kind: Kind
) -> None:
    assert sniff(data, name) is kind


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", "PNG image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG image"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "Office"),
        (OLE + b"\0\0" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (b"\x1f\x8b\x08\0\0", "gzip"),
        (b"\x7fELF\x02\x01\x01\0", "program"),
        (b"MZ\x90\0\x03\0", "program"),
        (b"{\\rtf1\\ansi Hello}", "RTF"),
        (b"\x00\x01\x02\x03" * 100, "binary"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedFile, match=what):
        sniff(data, "report.pdf")


@given(st.from_regex(READABLE))
def test_what_the_description_calls_readable_is_taken(text: str) -> None:
    assert sniff(text.encode("utf-8", "replace"), "report") in Kind


def test_a_text_that_begins_like_a_program_stays_a_text() -> None:
    assert sniff(b"MZ is a postal code.", "a.txt") is Kind.TEXT


def test_many_comments_do_not_make_the_decision_slow() -> None:
    hostile = (b"<!-- -->" * 2000)[: HEAD_BYTES - 1] + b"x"
    assert sniff(hostile, "a.html") is Kind.TEXT
