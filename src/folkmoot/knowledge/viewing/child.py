"""The child that shows a page: `python -I -B -m folkmoot.knowledge.viewing.child LIMITS < FILE`.

FILE is a line of JSON, what is asked, and the PDF behind it. The answer is a frame as of the
parsers' child: `I` and a picture, `B` and where a passage stands (JSON), or `F` and why not.
"""

import sys

import msgspec

from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import child, confine
from folkmoot.knowledge.parsing.libraries import PDFIUM, library
from folkmoot.knowledge.viewing import drawing, finding
from folkmoot.knowledge.viewing.asked import PICTURE, PLACES, Picture, Places


def main() -> None:
    """Answer what stands on standard input."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=Picture | Places)
    for name in PDFIUM:
        library(name)
    if isinstance(asked, Picture):
        drawing.load()
    child.shut_in(limits)
    confine.allow_seconds(limits.shown_seconds)
    with child.explained():
        data = sys.stdin.buffer.read()
        if isinstance(asked, Picture):
            child.send(PICTURE, drawing.drawn(data, asked, limits))
        else:
            child.send(PLACES, msgspec.json.encode(finding.found(data, asked)))


if __name__ == "__main__":
    main()
