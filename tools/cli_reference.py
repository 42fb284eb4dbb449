"""Write `docs/cli.md` from the commands themselves: `python tools/cli_reference.py`."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import typer
from typer.core import TyperCommand, TyperGroup

from folkmoot.cli.commands import COMMANDS, command

PAGE: Final = Path(__file__).resolve().parent.parent / "docs" / "cli.md"

BEGINNING: Final = """\
# The command line

<!-- Made by tools/cli_reference.py from the commands; a test compares. -->

`folkmoot COMMAND --help` says what is said here. `folkmoot --install-completion` teaches a shell
the commands and options.

**Streams.** Data go to standard output, everything else (progress, remarks, errors) to standard
error. `--json` prints one JSON document, `chat --json` and `runs events --json` a JSON object a
line. Control characters in whatever models, documents or servers say are shown and not obeyed.
Progress is a bar at a terminal and a line a step anywhere else.

**Exit codes.**

| code | meaning |
|---|---|
| 0 | done |
| 1 | failed; of `doctor`, `runs verify` and `audit verify` also: something was found |
| 2 | used wrongly |
| 3 | the server, or for commands on the database itself the database, cannot be reached |
| 4 | not authorised |
| 130 | interrupted |

**Which server.** `chat`, `agents`, `docs`, `runs`, `usage` and `audit` talk to the HTTP API.
`--url` and `--api-key`, or `FOLKMOOT_URL` and `FOLKMOOT_API_KEY`, name the server and the
credential. Without them the server that is running on this machine's data directory is found
(`.folkmoot` in the checkout that the command is run from; see [the
configuration](configuration.md)), and no key is needed: who can read that directory holds the
deployment's secrets anyway, so the command makes itself an API key in the database. That key acts
for the deployment's first user, may only do what these commands need, ends after a day, and is kept
in `command-line.json` in the data directory, readable by its owner alone. A server tells where it
serves by a note in `servers/` there, which counts only while the server holds a lock on it; the key
is sent to no other address.

**The operator's commands.** `doctor`, `config`, `user`, `org`, `key` and `migrate` need no server
and no account. They work on this deployment's database itself and start the embedded one if it is
not running.
"""


def page() -> str:
    """Return the page."""
    parts = [BEGINNING]
    for name in COMMANDS:
        parts += _command(f"folkmoot {name}", command(name), level=2)
    return "\n".join(parts)


def _command(path: str, shown: TyperCommand | TyperGroup, level: int) -> Iterator[str]:
    yield f"{'#' * level} `{path}`\n\n{inspect.cleandoc(shown.help or '')}\n"
    if isinstance(shown, TyperGroup):
        for name, inner in shown.commands.items():
            if isinstance(inner, TyperCommand):
                yield from _command(f"{path} {name}", inner, level + 1)
        return
    context = typer.Context(shown, info_name=path)
    yield f"```\n{' '.join([path, *shown.collect_usage_pieces(context)])}\n```\n"
    records = [each.get_help_record(context) for each in shown.params]
    rows = [f"| `{_cell(names)}` | {_cell(text)} |" for names, text in filter(None, records)]
    yield "\n".join(["| option | |", "|---|---|", *rows]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
