"""The command line: serves a deployment, looks after it, and talks to its API.

Nothing is imported before a command needs it: `commands` knows only where each one lives. The exit
codes, the streams and the ways in are the same for all: see `exits`, `output` and `connection`.
"""

from folkmoot.cli.commands import app

__all__ = ["app"]
