"""`folkmoot plugin`."""

import keyword
import re
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Annotated, Final

import typer

from folkmoot import offering
from folkmoot.cli import terminal
from folkmoot.cli.exits import ExitCode
from folkmoot.cli.failures import Failure
from folkmoot.cli.options import AsJson
from folkmoot.kit import extras
from folkmoot.kit.telemetry import logs

TEMPLATE: Final = "template"
FILES: Final = {
    "pyproject.toml.in": "pyproject.toml",
    "README.md.in": "README.md",
    "plugin.py.in": "src/$module/__init__.py",
    "test_plugin.py.in": "tests/test_plugin.py",
}
SHOWN: Final = ("group", "name", "package", "version", "problem")

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def plugin() -> None:
    """Begin a Python package with agents and tools; list those that are installed here."""


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Small letters, digits, hyphens.")],
    *,
    directory: Annotated[
        Path | None, typer.Option(help="Where it is made, by default in ./NAME.")
    ] = None,
) -> None:
    """Begin a package that brings an agent and a tool, with tests. Nothing is overwritten."""
    module = name.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(module):
        raise Failure(f"{name!r} is no name for a package.", ExitCode.USED_WRONGLY)
    place = directory or Path(name)
    if place.exists() and any(place.iterdir()):
        raise Failure(f"{place} is not empty.", ExitCode.USED_WRONGLY)
    values = {"name": name, "module": module, "title": name.replace("-", " ").capitalize()}
    for source, target in FILES.items():
        text = files("folkmoot.cli").joinpath(TEMPLATE, source).read_text(encoding="utf-8")
        path = place / Template(target).substitute(values)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(values), encoding="utf-8")
        terminal.show(str(path))
    terminal.note(f"Install it with `{extras.installer()} {place}` and start Folkmoot anew.")


@app.command("list")
def list_plugins(*, as_json: AsJson = False) -> None:
    """List the entry points of installed packages, and what is wrong with those left out."""
    logs.configure(level="ERROR", style=logs.Style.CONSOLE)
    found = [asdict(each) for each in offering.installed().all]
    if as_json:
        return terminal.show_json(found)
    return terminal.show_table(found, SHOWN, empty="No package brings agents or tools.")
