"""`folkmoot config`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from folkmoot import main
from folkmoot.cli import terminal
from folkmoot.cli.options import AsJson, ConfigFile

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

COLUMNS: Final = ("key", "value")
ORIGIN: Final = "origin"


@app.callback()
def config() -> None:
    """Look at the configuration: flags over the environment over folkmoot.yaml over defaults."""


@app.command("show")
def show(
    *,
    origin: Annotated[
        bool, typer.Option("--origin", help="Tell where each value comes from.")
    ] = False,
    as_json: AsJson = False,
    data_dir: Annotated[Path | None, typer.Option(help="As `folkmoot up` is given it.")] = None,
    config: ConfigFile = None,
) -> None:
    """Show every setting and its value. Secrets stay hidden."""
    loaded = main.configuration(flags={"data_dir": data_dir}, file=config)
    rows: list[dict[str, str]] = [
        dict(zip((*COLUMNS, ORIGIN), row, strict=True)) for row in loaded.rows()
    ]
    columns = (*COLUMNS, ORIGIN) if origin else COLUMNS
    if as_json:
        return terminal.show_json([{name: row[name] for name in columns} for row in rows])
    return terminal.show_table(rows, columns, empty="There are no settings.")
