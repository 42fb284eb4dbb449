"""`folkmoot openapi`."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from folkmoot import assembly, main
from folkmoot.assembly import Ground
from folkmoot.cli import terminal
from folkmoot.db.place import Place
from folkmoot.settings.deployment import Deployment

Out = Annotated[Path | None, typer.Option("--out", "-o", help="File to write it to.")]

NOWHERE: Final = "host=nowhere.invalid"
MEMORY: Final = "memory:///"


def openapi(*, out: Out = None) -> None:
    """Print the description of the HTTP API (OpenAPI 3.1, JSON), without starting anything."""
    described = description()
    if out is None:
        return terminal.show_json(described)
    out.write_text(json.dumps(described, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return terminal.note(f"Written to {out}.")


def description() -> dict[str, Any]:
    """Return what `/openapi.json` of a server answers."""
    deployment = Deployment(blobs_url=MEMORY)
    ground = Ground(deployment, Place(owner=NOWHERE, secret_key=""), "", Path())
    return main.application(assembly.at_rest(ground)).openapi()
