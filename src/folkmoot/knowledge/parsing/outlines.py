"""What source code defines: functions, classes and the like, as headings that chunks follow.

Definitions are told by how a line begins, and what is in what by its indentation: that is nearly as
good as a parser for code that people have laid out, and cannot be talked into taking long.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Final

import msgspec

from folkmoot.knowledge.parsing.parsed import Heading, Parsed

LONGEST: Final = 400
"""Characters of a line that may define something."""
PREAMBLE_SHARE: Final = 6
"""What stands before the first definition belongs to it, up to the longest divided by this."""
MOST: Final = 50_000
"""Definitions of a text: one with more was written by no people, and is cut like any other."""
BELOW: Final = 7
"""The level of what a listing within a text defines, below all headings."""
FENCE: Final = re.compile(r" {0,3}(?P<mark>```+|~~~+)[ \t]*(?P<name>[\w+#-]*)")

MODIFIER: Final = (
    r"(?:export|default|declare|public|private|protected|internal|static|abstract|final|sealed"
    r"|partial|override|open|data|inline|async|suspend|unsafe|const|virtual|pub(?:\([\w:]+\))?)"
)
PYTHON: Final = r"(?:async )?(?P<kind>def|class) (?P<name>\w+)"
SCRIPT: Final = (
    rf"(?:{MODIFIER} )*(?P<kind>function|class|interface|enum|namespace|type)\*? (?P<name>[\w$]+)"
    rf"|(?:{MODIFIER} )*(?:const|let|var) (?P<bound>[\w$]+)(?:\s*:(?:[^=]|=>)*)? = (?:async )?"
    r"(?:function\b|\(.*\).*=>|[\w$]+ =>|\($)"
)
GO: Final = r"(?P<kind>func) (?:\([^()]*\) )?(?P<name>\w+)|(?P<type>type) (?P<typed>\w+) "
RUST: Final = (
    rf"(?:{MODIFIER} )*(?:extern \"C\" )?(?P<kind>fn|struct|enum|trait|mod|union|macro_rules!)"
    r" (?P<name>\w+)|(?:unsafe )?(?P<whole>impl\b[^{]*)"
)
TYPES: Final = (
    rf"(?:{MODIFIER} )*(?P<kind>class|interface|enum|record|struct|namespace|union|object|trait"
    r"|protocol|extension|actor|module|def|func?|function) (?P<name>[\w.$]+)(?![^{(]*;$)"
)

CALLS: Final = frozenset({"js", "java", "c"})
"""Families in which a function may be told by its brackets alone."""
NO_NAMES: Final = frozenset(
    {
        *("if", "for", "while", "switch", "catch", "return", "else", "new", "throw", "case", "do"),
        *("function", "await", "yield", "using", "lock", "foreach", "sizeof", "typeof", "in", "of"),
        *("synchronized", "goto", "delete"),
    }
)
"""What stands before brackets and is called or done, not defined."""
WORD: Final = re.compile(r"[\w$~]+")
GENERIC: Final = re.compile(r"<[^<>]*>")
DEEPEST: Final = 3
"""How deep types are looked into that are parameters of types."""


@dataclass(frozen=True, slots=True)
class Language:
    """How a family of languages defines things."""

    family: str
    pattern: re.Pattern[str]


def _language(family: str, pattern: str) -> Language:
    return Language(family, re.compile(pattern.replace(" ", r"[ \t]+")))


FAMILIES: Final = {
    "python": (_language("python", PYTHON), "py pyi python python3"),
    "js": (
        _language("js", SCRIPT),
        "js jsx mjs cjs ts tsx mts cts javascript typescript svelte vue",
    ),
    "go": (_language("go", GO), "go golang"),
    "rust": (_language("rust", RUST), "rs rust"),
    "java": (
        _language("java", TYPES),
        "java cs csharp c# kt kts kotlin scala groovy dart php swift rb ruby",
    ),
    "c": (_language("c", TYPES), "c h cc cpp cxx hh hpp hxx c++ m mm cu"),
}
LANGUAGES: Final = {
    name: language for language, names in FAMILIES.values() for name in names.split()
}


def outlined(parsed: Parsed, filename: str | None, longest: int) -> Parsed:
    """Return a text with what it defines as headings, if it is source code or has listings.

    Args:
        parsed: The text.
        filename: How its file is called, which says what language it is in.
        longest: A listing in a text up to this length is not cut.
    """
    ending = PurePosixPath(filename or "").suffix.lstrip(".").lower()
    language = LANGUAGES.get(ending)
    if language is not None and not parsed.headings:
        found = list(islice(_headings(parsed.text, 0, language, 1), MOST + 1))
        if len(found) > MOST:
            return parsed
        if found and found[0].start < longest // PREAMBLE_SHARE:
            found[0] = Heading(1, found[0].title, 0)
        return msgspec.structs.replace(parsed, headings=found)
    listed = (each for listing in _listings(parsed, longest) for each in listing)
    more = list(islice(listed, MOST + 1))
    if not more or len(more) > MOST:
        return parsed
    headings = sorted([*parsed.headings, *more], key=lambda heading: heading.start)
    return msgspec.structs.replace(parsed, headings=headings)


def _listings(parsed: Parsed, longest: int) -> Iterator[list[Heading]]:
    """Yield what long listings define, each followed by the heading that it stands under."""
    starts = [heading.start for heading in parsed.headings]
    for name, start, end in _fenced(parsed.text):
        language = LANGUAGES.get(name.lower())
        if language is None or end - start <= longest:
            continue
        found = list(islice(_headings(parsed.text[start:end], start, language, BELOW), MOST + 1))
        above = bisect_right(starts, start) - 1
        if found and above >= 0:
            heading = parsed.headings[above]
            found.append(Heading(heading.level, heading.title, end))
        yield found


def _fenced(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield the languages that listings are said to be in, and where they begin and end."""
    open_, name, start, place = "", "", 0, 0
    for line in text.split("\n") if "```" in text or "~~~" in text else ():
        fence = FENCE.match(line)
        if fence is not None and not open_:
            open_, name, start = fence["mark"], fence["name"], place + len(line) + 1
        elif fence is not None and fence["mark"].startswith(open_) and not fence["name"]:
            yield name, start, place
            open_ = ""
        place += len(line) + 1


def _headings(text: str, offset: int, language: Language, level: int) -> Iterator[Heading]:
    """Yield the definitions of a text; with each goes what is said of it in the lines above."""
    around: list[int] = []
    begun = place = 0
    for line in text.split("\n"):
        bare = line.lstrip()
        indent = len(line) - len(bare)
        name = _name(bare, indent, language) if len(line) <= LONGEST else None
        if name is not None:
            while around and around[-1] >= indent:
                around.pop()
            yield Heading(level + len(around), name, offset + begun)
            around.append(indent)
        place += len(line) + 1
        if not _is_above(bare):
            begun = place


def _is_above(bare: str) -> bool:
    """Tell whether a line says something of what follows: a comment, a decorator, an attribute."""
    return bare.startswith(("@", "//", "/*", "*", "#[", "# ", "///"))


def _name(bare: str, indent: int, language: Language) -> str | None:
    """Return what a line defines: `class Heron`."""
    if match := language.pattern.match(bare):
        groups = match.groupdict()
        if whole := groups.get("whole"):
            return str(whole).strip()
        name = groups.get("name") or groups.get("bound") or groups.get("typed")
        kind = groups.get("kind") or groups.get("type") or "const"
        return f"{kind} {name}"
    if language.family not in CALLS or bare.startswith(("//", "*", "/*", "#")):
        return None
    return _called(bare, indent, language.family)


def _called(bare: str, indent: int, family: str) -> str | None:
    """Return the function that a line defines by its brackets: `int wait(struct heron *h) {`."""
    head, bracket, rest = bare.partition("(")
    for _ in range(DEEPEST):
        head = GENERIC.sub("", head)
    words = WORD.findall(head)
    end = rest.rstrip()
    if not bracket or not words or NO_NAMES.intersection(words) or set("=.,;{}\"'") & set(head):
        return None
    least = 1 if family == "js" else 2
    if len(words) < least or (family == "js" and not indent) or (family == "c" and indent):
        return None
    opens = end.endswith("{") or (family != "js" and end.endswith((")", ",", "const")))
    if family == "js" and ("=>" in rest or "function" in rest):  # a call that is given one
        return None
    return f"{words[-1]}()" if opens and not end.endswith(";") else None
