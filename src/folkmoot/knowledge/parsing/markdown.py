"""Markdown: stays as it is; its headings give the document its structure."""

import re
from typing import Final

from folkmoot.knowledge import plaintext
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing.encoding import decode
from folkmoot.knowledge.parsing.libraries import Source
from folkmoot.knowledge.parsing.parsed import Manuscript, Parsed, Report

HEADING: Final = re.compile(r"(?P<mark>#{1,6})[ \t]+(?P<title>.*)")
FENCE: Final = re.compile(r" {0,3}(```+|~~~+)")
UNDERLINE: Final = {"=": 1, "-": 2}
FRONT_MATTER: Final = re.compile(
    r"\A---\n"
    r"(?:\w[\w .-]*:(?: .*)?\n"  # a key, with more of its value in the lines that follow
    r"(?:(?:[ #].*|-(?: .*)?|)\n)*)+"
    r"(?:---|\.\.\.)(?:\n|\Z)"
)
"""Only lines of YAML: a rule may begin a text, too, and another one follow."""


def parse(source: Source, limits: Limits, report: Report) -> Parsed:
    """Read Markdown."""
    text = plaintext.normalise(decode(source.read()))
    report(1, 1)
    return _Reader(limits).read(FRONT_MATTER.sub("", text, count=1))


class _Reader:
    def __init__(self, limits: Limits) -> None:
        self._manuscript = Manuscript(limits)
        self._lines: list[str] = []
        self._fence: str | None = None

    def read(self, text: str) -> Parsed:
        for line in text.split("\n"):
            self._line(line)
        self._end_block()
        return self._manuscript.finish()

    def _line(self, line: str) -> None:
        fence = FENCE.match(line)
        if fence is not None and (self._fence is None or fence[1].startswith(self._fence)):
            self._fence = fence[1] if self._fence is None else None
            self._lines.append(line)
        elif self._fence is not None:
            self._lines.append(line)
        elif heading := HEADING.match(line):
            self._end_block()
            self._heading(len(heading["mark"]), _unclosed(heading["title"]))
        elif self._underlines(line):
            self._heading(UNDERLINE[line.strip()[0]], self._lines.pop())
        elif line.strip():
            self._lines.append(line)
        else:
            self._end_block()

    def _underlines(self, line: str) -> bool:
        """Tell whether the line underlines a single line of text, which makes it a heading."""
        marks = line.strip()
        return (
            len(self._lines) == 1
            and len(marks) > 1
            and marks[0] in UNDERLINE
            and not marks.strip(marks[0])
            and "|" not in self._lines[0]
        )

    def _heading(self, level: int, title: str) -> None:
        if level == 1 and self._manuscript.title is None:
            self._manuscript.title = title
        self._manuscript.heading(level, title, mark="#" * level)

    def _end_block(self) -> None:
        self._manuscript.block("\n".join(self._lines))
        self._lines.clear()


def _unclosed(title: str) -> str:
    """Return a title without the marks that may close it, which stand apart: `C#` is a name."""
    bare = title.rstrip("#")
    return bare.rstrip() if bare[-1:] in {"", " ", "\t"} else title.rstrip()
