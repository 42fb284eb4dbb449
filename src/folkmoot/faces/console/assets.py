"""The built files of the console, held in memory: they are few and small (under a megabyte)."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent / "static"
"""Where the build puts them; absent when the console was not built."""

PAGE: Final = "index.html"
HASHED: Final = "assets/"
"""Files below this folder carry a hash of their content in their name."""

MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `packed` is the same in gzip, made by the build."""

    body: bytes
    packed: bytes | None
    media_type: str
    etag: str
    lasting: bool


def load(directory: Path) -> Mapping[str, Asset]:
    """Return the files of a build by their path below the directory; none if there is no build.

    Only what is returned here can ever be served, so a path from outside needs no cleaning.
    """
    if not (directory / PAGE).is_file():
        return {}
    files = (path for path in directory.rglob("*") if path.suffix in MEDIA_TYPES)
    return {path.relative_to(directory).as_posix(): _asset(directory, path) for path in files}


def _asset(directory: Path, path: Path) -> Asset:
    body = path.read_bytes()
    twin = path.with_name(f"{path.name}.gz")
    return Asset(
        body=body,
        packed=twin.read_bytes() if twin.is_file() else None,
        media_type=MEDIA_TYPES[path.suffix],
        etag=f'"{sha256(body).hexdigest()[:20]}"',
        lasting=path.relative_to(directory).as_posix().startswith(HASHED),
    )
