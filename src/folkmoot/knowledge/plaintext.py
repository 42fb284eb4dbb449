"""Text as the rest of the room expects it: NFC, LF, nothing that a database or JSON refuses."""

import re
import unicodedata
from typing import Final

# C0 and C1 controls save tab and newline; lone surrogates; noncharacters; marks that only say
# where a line may break or which order the bytes had.
UNWANTED: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\u00ad\u200b\u2060\ufeff\ufffe\uffff]"
)
LINE_END: Final = re.compile("\r\n?|[\x85\u2028\u2029]")
BLANKS: Final = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
GAP: Final = re.compile(r"\n{3,}")
LIGATURES: Final = str.maketrans(
    {
        "\ufb00": "ff",
        "\ufb01": "fi",
        "\ufb02": "fl",
        "\ufb03": "ffi",
        "\ufb04": "ffl",
        "\ufb05": "st",
        "\ufb06": "st",
    }
)


def normalise(text: str) -> str:
    """Return the text in NFC with LF line ends, without controls, ligatures and wide gaps."""
    text = UNWANTED.sub("", BLANKS.sub(" ", LINE_END.sub("\n", text)))
    text = unicodedata.normalize("NFC", text.translate(LIGATURES))
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return GAP.sub("\n\n", text).strip("\n")


def one_line(text: str, limit: int = 300) -> str:
    """Return the text on one line, cut to `limit` characters: titles, headings, file names."""
    return " ".join(normalise(text).split())[:limit].strip()
