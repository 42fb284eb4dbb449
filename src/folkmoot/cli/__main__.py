"""Makes `python -m folkmoot.cli` the same as `folkmoot`."""

from folkmoot.cli.commands import app

app()
