"""Files that a command takes along: to the terminal, or whole into a file."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import httpx
import typer

from folkmoot.cli import terminal
from folkmoot.cli.api import Api, Query, Unreachable, reason
from folkmoot.cli.failures import Failure

PART: Final = ".part"

Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="File to write, byte for byte.")
]


def take_along(api: Api, path: str, query: Query, output: Path | None) -> None:
    """Print what is downloaded, or write a file, which appears once it is whole."""
    with _opened(api, path, query) as answer:
        if output is None:
            for line in answer.iter_lines():
                terminal.show(line)
        else:
            _keep(answer, output)


@contextmanager
def _opened(api: Api, path: str, query: Query) -> Generator[httpx.Response]:
    """Open a download; one that breaks off is a failure."""
    try:
        with api.download(path, query) as answer:
            yield answer
    except httpx.TransportError as error:
        raise Unreachable(api.url, reason(error)) from None


def _keep(answer: httpx.Response, output: Path) -> None:
    part = output.with_name(output.name + PART)
    try:
        with part.open("wb") as file:
            file.writelines(answer.iter_bytes())
        part.replace(output)
    except OSError as error:
        raise Failure(f"{output} cannot be written: {error.strerror}") from None
