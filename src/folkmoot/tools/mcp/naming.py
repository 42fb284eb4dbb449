"""What agents call the tools of a server."""

import re
from hashlib import sha256
from typing import Final

LONGEST: Final = 64
"""Characters that every provider takes."""
UNUSUAL: Final = re.compile(r"[^A-Za-z0-9_-]")


def offered_as(server: str, tool: str) -> str:
    """Return the name of a server's tool: `server__tool`.

    A tool whose name no provider would take gets one that is as good as unique.
    """
    whole = f"{server}__{tool}"
    usual = UNUSUAL.sub("_", whole)
    if usual == whole and len(whole) <= LONGEST:
        return whole
    mark = sha256(tool.encode()).hexdigest()[:8]
    return f"{usual[: LONGEST - len(mark) - 1]}_{mark}"
