"""What messages become."""

import io
from email.message import EmailMessage

import pytest

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import libraries
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.parsed import Parsed, ParseFailed
from pdfs import Text, encrypted, pdf


def read(data: bytes, limits: Limits | None = None) -> Parsed:
    parse = libraries.loaded(Kind.EMAIL)
    return parse(io.BytesIO(data), limits or Limits(), lambda _done, _total: None)


def message(subject: str = "Herons", text: str = "They wade.") -> EmailMessage:
    written = EmailMessage()
    written["From"] = "Ada Löwe <ada@example.org>"
    written["To"] = "Alan <alan@example.org>"
    written["Date"] = "Thu, 29 Feb 2024 14:30:00 +0100"
    written["Subject"] = subject
    written.set_content(text)
    return written


def test_a_message_is_its_headers_its_text_and_what_came_with_it() -> None:
    written = message("Größe der Reiher")
    written.add_alternative("<p>They <b>wade</b>.</p>", subtype="html")
    pages = pdf([[Text(60, 700, "Page one")], [Text(60, 700, "Page two")]])
    written.add_attachment(pages, maintype="application", subtype="x", filename="../két.pdf")
    written.add_attachment(b"\x89PNG\r\n\0", maintype="image", subtype="png", filename="a.png")
    written.add_attachment(encrypted(), maintype="application", subtype="pdf", filename="b.pdf")
    written.add_attachment(message("Older", "Long ago."))
    parsed = read(written.as_bytes())
    assert parsed.title == "Größe der Reiher"
    assert parsed.text.split("\n\n") == [
        "# Größe der Reiher",
        (
            "From: Ada Löwe <ada@example.org>\nTo: Alan <alan@example.org>\n"
            "Date: Thu, 29 Feb 2024 14:30:00 +0100\nSubject: Größe der Reiher"
        ),
        "They wade.",
        "## két.pdf",
        "Page 1",
        "Page one",
        "Page 2",
        "Page two",
        "## a.png",
        "(Not read: The file is a PNG image, which cannot be read here.)",
        "## b.pdf",
        "(Not read: The PDF is protected by a password.)",
        "## Older",
        (
            "From: Ada Löwe <ada@example.org>\nTo: Alan <alan@example.org>\n"
            "Date: Thu, 29 Feb 2024 14:30:00 +0100\nSubject: Older"
        ),
        "Long ago.",
    ]
    assert [(each.level, each.title) for each in parsed.headings][1:4] == [
        (2, "két.pdf"), (3, "Page 1"), (3, "Page 2"),
    ]  # fmt: skip


def test_the_fuller_of_two_versions_is_read() -> None:
    written = message(text="Your program shows no HTML.")
    written.add_alternative(f"<h1>News</h1><p>{'Herons nest. ' * 20}</p>", subtype="html")
    text = read(written.as_bytes()).text
    assert "shows no HTML" not in text
    assert "## News\n\nHerons nest." in text


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (b"Content-Type: text/plain; charset=no-such\n\nGr\xc3\xbc\xc3\x9fe", "Grüße"),
        (b"Content-Type: text/plain; charset=latin-1\n\nGr\xfc\xdfe", "Grüße"),
        (b"Content-Transfer-Encoding: base64\n\nSGVyb25z!!!", "Herons"),
        (b"Content-Type: multipart/mixed\n\nHerons", "Message"),
        (b"Subject: =?no-such?q?Herons?=\n\n.", "Herons"),
        (b"Subject: =?utf-8?b?!?=\n\nReiher", "Reiher"),
        (b"Content-Type: application/pkcs7-mime; name*=no-such''x\n\nMII", "encrypted"),
    ],
)
def test_messages_that_say_wrong_things_of_themselves_are_read(headers: bytes, text: str) -> None:
    assert text in read(b"From: a@example.org\n" + headers).text


def test_messages_in_messages_end_and_so_do_parts_and_files() -> None:
    nested = message("Innermost")
    for depth in range(8):
        outer = message(f"Depth {depth}")
        outer.add_attachment(nested)
        nested = outer
    text = read(nested.as_bytes()).text
    assert "Depth 3" in text
    assert "nested too deeply" in text
    assert "Innermost" not in text
    many = message()
    for number in range(6):
        many.add_attachment(b"Text", maintype="text", subtype="csv", filename=f"{number}.txt")
    assert "more than 3 files" in read(many.as_bytes(), Limits(attachments=3)).text
    with pytest.raises(ParseFailed, match="more than 4 parts"):
        read(many.as_bytes(), Limits(mail_parts=4))
