"""Files on their way into a collection."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from folkmoot.cli.api import API, Api, Json, Refused
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.steps import Steps

ENDS: Final = {"ready", "failed", "cancelled"}
LOOK: Final = 0.5
"""Seconds between two looks at a document that is being read."""

KILOBYTE: Final = 1000


class Counted(io.FileIO):
    """A file that tells how much of it has been read."""

    def __init__(self, path: Path, tell: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._tell = tell

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on."""
        data = super().read(-1 if size is None else size) or b""
        self._tell(self.tell())
        return data


def add(api: Api, collection_id: str, sought: Sequence[Path | str], steps: Steps) -> Iterator[Json]:
    """Send files or addresses, one after the other; yield their documents.

    One that is refused has none.
    """
    to = f"{API}/collections/{collection_id}/documents"
    for each in sought:
        name = each.name if isinstance(each, Path) else each
        try:
            if isinstance(each, Path):
                accepted = _send(api, to, each, steps)
            else:
                accepted = api.post(to, {"url": each})
        except Refused as refused:
            if refused.code is ExitCode.UNAUTHORIZED:
                raise
            steps.over(name, refused.message)
        else:
            steps.over(name, "is there already" if accepted["existing"] else "accepted")
            yield from accepted["documents"]


def wait(api: Api, documents: Sequence[Json], steps: Steps) -> Iterator[Json]:
    """Wait until each document can be searched, or can never be; yield them as they are then."""
    for document in documents:
        yield _wait(api, document, steps)


def _send(api: Api, to: str, path: Path, steps: Steps) -> Json:
    total = path.stat().st_size
    step = f"sending {total / KILOBYTE:,.1f} kB"

    def tell(sent: int) -> None:
        steps.at(path.name, step, sent, total)

    tell(0)
    with Counted(path, tell) as file:
        form = {"file": (path.name, file, "application/octet-stream")}
        return api.upload(to, form)


def _wait(api: Api, document: Json, steps: Steps) -> Json:
    title = str(document["title"])
    while document["status"] not in ENDS:
        progress: dict[str, Any] = document.get("progress") or {}
        step = str(progress.get("stage") or document["status"])
        steps.at(title, step, progress.get("done", 0), progress.get("total"))
        time.sleep(LOOK)
        document = api.get(f"{API}/documents/{document['id']}")
    steps.over(title, _end(document))
    return document


def _end(document: Json) -> str:
    if document["status"] == "failed":
        return f"failed: {document.get('error')}"
    if document["status"] != "ready":
        return str(document["status"])
    parts = [f"{name}: {document[name]}" for name in ("pages", "chunks") if document.get(name)]
    return f"ready ({', '.join(parts)})" if parts else "ready"
