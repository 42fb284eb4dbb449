"""The end of a server's log, for whoever has to find out why it failed."""

import os
from pathlib import Path
from typing import Final

from folkmoot.db.embedded.home import Home
from folkmoot.db.embedded.settings import LOG_FILES

TAIL_BYTES: Final = 4000


def tail(home: Home) -> str:
    """Return the end of what the server said before it had a log, and of its newest log."""
    newest = sorted(home.log.glob(LOG_FILES))[-1:]
    return "\n".join(filter(None, map(_end, [home.start_log, *newest])))


def _end(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES))
            return file.read().decode(errors="replace").strip()
    except FileNotFoundError:
        return ""
