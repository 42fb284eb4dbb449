"""The way to a server: the one that was named, or the one that runs on this machine.

On this machine nobody has to make a key first. Who may read the data directory holds the
deployment's secrets anyway, so the command line makes itself an API key there: it acts for the
deployment's first user, may only do what the commands need, and ends after a day.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx

from folkmoot.cli import local
from folkmoot.cli.api import API, Api, Refused
from folkmoot.cli.commands import load
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.local import Credential
from folkmoot.settings import loading

MINT: Final = "minting:mint"


@contextmanager
def connected(url: str | None, api_key: str | None, data_dir: Path | None) -> Generator[Api]:
    """Open the way to a server.

    Args:
        url: The server; by default the one that runs on this machine.
        api_key: What to show it; not needed for that one.
        data_dir: Where a server on this machine keeps its data; by default as configured.
    """
    place, credential = (url and _checked(url)), api_key
    if not (place and credential):
        directory = _directory(data_dir)
        running = local.servers(directory)
        place = place or _only(running, directory)
        credential = credential or _own(place, running, directory)
    with Api(place, credential) as api:
        yield api


def _directory(data_dir: Path | None) -> Path:
    configured = loading.load({}, flags={"data_dir": data_dir}).deployment
    return configured.data_dir.expanduser()


def _checked(url: str) -> str:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Failure(f"{url} is no URL: {error}", ExitCode.USED_WRONGLY) from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        message = f"{url} is no address of a server: it must begin with http:// or https://."
        raise Failure(message, ExitCode.USED_WRONGLY)
    return url.rstrip("/")


def _only(running: list[str], directory: Path) -> str:
    if running:
        return running[0]
    hints = (
        "Start one with `folkmoot up`, or name one with --url (FOLKMOOT_URL).",
        "One that keeps its data elsewhere is found by --data-dir (FOLKMOOT_DATA_DIR).",
    )
    message = f"No server is running here on the data in {directory}."
    raise Failure(message, ExitCode.UNREACHABLE, hints=hints)


def _own(place: str, running: list[str], directory: Path) -> str:
    """Return a key of the command line's own; made anew if there is none that counts."""
    if place not in running:
        hint = "Name one with FOLKMOOT_API_KEY or --api-key; `folkmoot key create` makes one there."
        raise Failure(f"{place} wants an API key.", ExitCode.UNAUTHORIZED, hints=(hint,))
    credential = local.stored(directory)
    if credential is None or not credential.lasts or not _counts(place, credential.key):
        credential = _mint(directory, credential)
        local.store(directory, credential)
    return credential.key


def _mint(directory: Path, old: Credential | None) -> Credential:
    """Make a key. What it takes is loaded only for that: it takes a second."""
    made: Credential = load(MINT)(directory, old)
    return made


def _counts(place: str, key: str) -> bool:
    try:
        with Api(place, key) as api:
            api.get(f"{API}/me")
    except Refused as refused:
        if refused.code is ExitCode.UNAUTHORIZED:
            return False
        raise
    return True
