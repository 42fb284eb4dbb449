"""What of a message somebody has probably not written themselves: listings, quotations, long texts.

Nothing tells for certain. What is taken for pasted counts as written by anybody; who takes a word
too much for it loses nothing but a memory, and the other way round a stranger's word is believed.
"""

import re
from typing import Final

LONGEST_QUOTATION: Final = 120
"""Characters between quotation marks that people write themselves: titles, names, a saying."""
LONGEST_LINE: Final = 600
"""Characters of a paragraph that people type."""
LONGEST: Final = 2_000
"""Characters of a message that people type, without what is taken out of it."""
LEFT_OUT: Final = "[\u2026]"
"""What stands in the place of what was pasted."""

LINES: Final = re.MULTILINE | re.DOTALL
FENCED: Final = re.compile(r"^[ \t]{0,3}(`{3,}|~{3,}).*?(?:^[ \t]{0,3}\1[`~]*[ \t]*$|\Z)", LINES)
QUOTED_LINES: Final = re.compile(r"(?:^[ \t]{0,3}>.*(?:\n|\Z))+", re.MULTILINE)
MARKUP: Final = re.compile(r"<([A-Za-z][\w:-]{0,60})\b[^<>]{0,300}>.*?(?:</\1\s*>|\Z)", re.DOTALL)
QUOTED: Final = re.compile(
    rf"\"[^\"]{{{LONGEST_QUOTATION},}}(?:\"|\Z)"
    rf"|[\u201c\u201e][^\u201c\u201d]{{{LONGEST_QUOTATION},}}(?:[\u201c\u201d]|\Z)"
    rf"|\u00ab[^\u00bb]{{{LONGEST_QUOTATION},}}(?:\u00bb|\Z)"
    rf"|\u00bb[^\u00ab\u00bb]{{{LONGEST_QUOTATION},}}\u00ab"
    rf"|\u300c[^\u300d]{{{LONGEST_QUOTATION},}}(?:\u300d|\Z)"
)
LONG_LINE: Final = re.compile(rf"^.{{{LONGEST_LINE},}}$", re.MULTILINE)
# A message or a mail that was copied whole, from its first header on.
LETTER: Final = re.compile(
    r"^(?:-+ ?(?:Original Message|Forwarded message|Urspr\u00fcngliche Nachricht) ?-+"
    r"|(?:From|To|Subject|Sent|Date|Von|An|Betreff|Gesendet|De|Objet): .*\n"
    r"(?:From|To|Cc|Subject|Sent|Date|Von|An|Betreff|Gesendet|De|\u00c0|Objet): ).*\Z",
    LINES,
)
PASTED: Final = (FENCED, LETTER, QUOTED_LINES, MARKUP, QUOTED, LONG_LINE)


def apart(text: str) -> tuple[str, str]:
    """Return what of a message is its writer's own, and what is not."""
    pasted: list[str] = []

    def take(found: re.Match[str]) -> str:
        pasted.append(found[0].strip())
        return f"{LEFT_OUT}\n" if found[0].endswith("\n") else LEFT_OUT

    own = text
    for kind in PASTED:
        own = kind.sub(take, own)
    if len(own) > LONGEST:
        return "", text
    return (own.strip() if own.replace(LEFT_OUT, "").strip() else ""), "\n".join(pasted)
