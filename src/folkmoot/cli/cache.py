"""`folkmoot cache`."""

from typing import Annotated, Final

import typer

from folkmoot.cli import terminal
from folkmoot.cli.api import API
from folkmoot.cli.connection import connected
from folkmoot.cli.options import ApiKey, AsJson, DataDir, Url

PATH: Final = f"{API}/caches/responses"
KEPT: Final = ("answers", "most_answers", "similar", "bytes", "most_bytes", "oldest_at")
REUSED: Final = ("calls", "exact", "semantic", "collapsed")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Agent = Annotated[str | None, typer.Option(help="Only the answers of this agent, by its id.")]


@app.callback()
def cache() -> None:
    """Tell how many answers of your organisation are kept and given again; forget them."""


@app.command("show")
def show(
    *,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Show how many answers are kept, and how many of the last 30 days were given again."""
    with connected(url, api_key, data_dir) as api:
        found = api.get(PATH)
    if as_json:
        return terminal.show_json(found)
    return terminal.show_fields({**found, **found["reused"]}, (*KEPT, *REUSED))


@app.command("clear")
def clear(
    *,
    agent: Agent = None,
    as_json: AsJson = False,
    url: Url = None,
    api_key: ApiKey = None,
    data_dir: DataDir = None,
) -> None:
    """Forget the answers that are kept. It is recorded."""
    with connected(url, api_key, data_dir) as api:
        cleared = api.clear(PATH, {"agent": agent})
    if as_json:
        return terminal.show_json(cleared)
    return terminal.note(f"Forgot {cleared['answers']} answers.")
