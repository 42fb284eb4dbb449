"""EML: who wrote to whom and when, the text, and what came with it as far as it can be read.

Source: RFC 5322 (messages), RFC 2045 and 2046 (their parts), RFC 2183 (attachments).
"""

import io
from collections.abc import Sequence
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from typing import Final, TypeAlias, cast

from folkmoot.knowledge.limits import MEBIBYTE, Limits
from folkmoot.knowledge.parsing import html, mail_headers, prose
from folkmoot.knowledge.parsing.kinds import Kind
from folkmoot.knowledge.parsing.libraries import Source, loaded
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, ParseFailed, Report
from folkmoot.knowledge.parsing.telling import HEAD_BYTES, tell

SHOWN: Final = ("From", "To", "Cc", "Date", "Subject")
UNTITLED: Final = "Message without a subject"
TEXTS: Final = ("text/plain", "text/html")
SEALED: Final = frozenset({"multipart/encrypted", "application/pkcs7-mime"})
PLAIN_SHARE: Final = 0.5
"""A plain text with less than this of the length of its HTML twin is an excuse for it."""
DEEPEST_HEADING: Final = 6

Mail: TypeAlias = "Message[str, str]"


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read a message."""
    message = _message(source)
    report(0, 0)
    manuscript = Manuscript(limits)
    manuscript.title = mail_headers.text(message, "Subject")
    _Reader(manuscript, limits, report).message(message, 1)
    return manuscript.finish()


def _message(source: Source) -> Mail:
    """Take a message apart, which is soon done however long it is; one that is hostile is not."""
    parser: BytesFeedParser[Mail] = BytesFeedParser(policy=compat32)
    while piece := source.read(MEBIBYTE):
        parser.feed(piece)
    return parser.close()


class _Reader:
    def __init__(self, manuscript: Manuscript, limits: Limits, report: Report) -> None:
        self._manuscript = manuscript
        self._limits = limits
        self._report = report
        self._parts = 0
        self._files = 0

    def message(self, message: Mail, level: int) -> None:
        """Write a message, and below its heading what came with it."""
        subject = mail_headers.text(message, "Subject") or UNTITLED
        self._heading(level, subject)
        headers = [(name, mail_headers.text(message, name)) for name in SHOWN]
        self._manuscript.block("\n".join(f"{name}: {text}" for name, text in headers if text))
        enclosed: list[Mail] = []
        for text in self._texts(message, enclosed):
            self._manuscript.include(text, level)
        for part in enclosed:
            self._enclosed(part, level + 1)

    def _texts(self, part: Mail, enclosed: list[Mail]) -> list[Parsed]:
        """Return what a message says, and put aside what came with it."""
        self._parts += 1
        if self._parts > self._limits.mail_parts:
            raise ParseFailed(f"The message has more than {self._limits.mail_parts:,} parts.")
        kind = part.get_content_type()
        if kind in SEALED:
            return [prose.from_text("(The text is encrypted.)", self._limits)]
        if part.get_content_maintype() == "multipart":
            found = [self._texts(each, enclosed) for each in _children(part)]
            if kind == "multipart/alternative":
                return _fullest(found)
            return [text for texts in found for text in texts]
        if kind in TEXTS and part.get_content_disposition() != "attachment":
            return [self._text(part, kind)]
        if part.get_content_maintype() != "image" or part.get("Content-ID") is None:
            enclosed.append(part)  # others are pictures within the text
        return []

    def _text(self, part: Mail, kind: str) -> Parsed:
        charset = part.get_param("charset")
        text = mail_headers.decoded(_bytes(part), charset if isinstance(charset, str) else None)
        if kind == "text/html":
            return html.from_markup(text, self._limits, self._report)
        return prose.from_text(text, self._limits)

    def _enclosed(self, part: Mail, level: int) -> None:
        """Write a file or a message that came with a message, or why it is not read."""
        name = mail_headers.file_name(part)
        if part.get_content_type() == "message/rfc822":
            for message in _children(part):
                self._nested(message, level)
            return
        self._files += 1
        self._heading(level, name or "Attachment")
        most = self._limits.attachments
        if self._files > most:
            self._manuscript.block(f"(Not read: more than {most} files came with the message.)")
            return
        try:
            self._file(_bytes(part), name, level)
        except ParseFailed as failure:
            self._manuscript.block(f"(Not read: {failure})")

    def _file(self, data: bytes, name: str, level: int) -> None:
        kind = tell(data[:HEAD_BYTES], name)
        if kind is Kind.EMAIL:
            self._nested(_message(io.BytesIO(data)), level + 1)
            return
        self._manuscript.include(loaded(kind)(io.BytesIO(data), self._limits, self._report), level)

    def _nested(self, message: Mail, level: int) -> None:
        if level > self._limits.nested_mails:
            self._manuscript.block("(A message in this one is nested too deeply to be read.)")
            return
        self.message(message, level)

    def _heading(self, level: int, title: str) -> None:
        self._manuscript.heading(level, title, mark="#" * min(level, DEEPEST_HEADING))


def _fullest(found: list[list[Parsed]]) -> list[Parsed]:
    """Return one of several versions: the first, which is the plainest, unless it says little."""
    best: list[Parsed] = []
    for texts in found:
        if _length(best) < PLAIN_SHARE * _length(texts):
            best = texts
    return best


def _length(texts: list[Parsed]) -> int:
    return sum(len(text.text) for text in texts)


def _children(part: Mail) -> Sequence[Mail]:
    payload = cast("list[Mail] | str | None", part.get_payload())
    return payload if isinstance(payload, list) else ()


def _bytes(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
