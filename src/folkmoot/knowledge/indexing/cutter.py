"""The child that cuts long texts: `python -I -B -m folkmoot.knowledge.indexing.cutter LIMITS`.

What it is sent are two lines of JSON: what the text is cut by, and the document as its parser has
made it. The answer are frames as of the parsers' child: `L` the language of the text, `H` some of
its headings, with those that source code has, `C` some of its chunks, and `R` at the end; or `F`
and why not.
"""

import sys
from itertools import islice
from typing import Final

import msgspec

from folkmoot.knowledge.indexing.cutting import CHUNKS, HEADINGS, LANGUAGE, Wanted, cut
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import child, confine
from folkmoot.knowledge.parsing.frames import RESULT
from folkmoot.knowledge.parsing.parsed import Parsed

AT_ONCE: Final = 50
HEADINGS_AT_ONCE: Final = 5_000
"""Chunks and headings of a frame: whoever takes one in has other things to do."""


def main() -> None:
    """Cut what stands on standard input."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    wanted = msgspec.json.decode(sys.stdin.buffer.readline(), type=Wanted)
    child.shut_in(limits)
    confine.allow_seconds(limits.quiet_seconds)
    with child.explained():
        parsed = msgspec.json.decode(sys.stdin.buffer.readline(), type=Parsed)
        done = cut(parsed, wanted)
        _send(LANGUAGE, done.language)
        for start in range(0, len(done.parsed.headings), HEADINGS_AT_ONCE):
            _send(HEADINGS, done.parsed.headings[start : start + HEADINGS_AT_ONCE])
        while entries := list(islice(done.entries, AT_ONCE)):
            _send(CHUNKS, [(each.chunk, each.language, each.words) for each in entries])
            confine.allow_seconds(limits.quiet_seconds)
        _send(RESULT, None)


def _send(letter: bytes, body: object) -> None:
    child.send(letter, msgspec.json.encode(body))


if __name__ == "__main__":
    main()
