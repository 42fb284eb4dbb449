"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Limit = Annotated[
    int, typer.Option("--limit", "-n", min=0, help="How many to show at most; 0 shows all.")
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", envvar="FOLKMOOT_DATA_DIR", help="Where the deployment keeps its data."
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Configuration file, by default ./folkmoot.yaml.")
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="FOLKMOOT_URL",
        help="Where the server is, by default the one running on this machine.",
    ),
]
ApiKey = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        envvar="FOLKMOOT_API_KEY",
        show_envvar=True,
        help="API key or access token. The variable keeps it out of the list of processes.",
    ),
]
