"""Every command's name, what it does in one line, and where it lives.

A command's module, with all that it imports, is loaded when the command runs; `folkmoot --help`
loads none.
"""

import gc
import importlib
from typing import TYPE_CHECKING, Any, Final

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Context

COMMANDS: Final = {
    "up": ("serve:up", "Start everything and serve: what `./up` runs."),
    "serve": ("serve:serve", "Serve the API and the console."),
    "worker": ("serve:worker", "Work on background jobs, without serving HTTP."),
    "migrate": ("serve:migrate", "Bring the database's schema up to date."),
    "doctor": ("doctor:doctor", "Check this machine and deployment; say what to mend and how."),
    "config": ("config:app", "Look at the configuration."),
    "user": ("users:app", "Create and list people; say who is a platform admin."),
    "org": ("organizations:app", "List the organisations of this deployment."),
    "key": ("keys:app", "Create, list and revoke API keys."),
    "chat": ("chat:chat", "Ask an agent; the answer streams into the terminal."),
    "agents": ("agents:app", "List and make agents; publish, compare and roll back versions."),
    "docs": ("docs:app", "Add documents, list them and search them."),
    "eval": ("evals:app", "Tell how well searches find what answers questions."),
    "runs": ("runs:app", "Start runs, look at them, follow, cancel and verify them."),
    "schedules": ("schedules:app", "Have questions asked by the clock; see what came of it."),
    "jobs": ("jobs:app", "Look at background jobs; retry or discard those given up."),
    "vectors": ("vectors:app", "See where vectors are searched; move them into another store."),
    "usage": ("usage:app", "Tell what models were used for and cost, and how budgets stand."),
    "cache": ("cache:app", "Tell how many answers are kept and given again; forget them."),
    "webhooks": ("webhooks:app", "Have addresses told what happens; look at what was sent."),
    "audit": ("audit:app", "Look at the audit trail, verify it and take it along."),
    "plugin": ("plugins:app", "Begin a package with agents and tools; list those installed."),
    "openapi": ("openapi:openapi", "Print the description of the HTTP API."),
    "version": ("version:version", "Print the version."),
}

REPORTED: Final = "failures:reported"


def load(place: str) -> Any:  # noqa: ANN401 - a command, a group of them or a guard
    """Return what stands at `module:name` in this package."""
    module, _, name = place.partition(":")
    # Importing makes no garbage, but thousands of objects that the collector would walk again and
    # again: without it a server starts a tenth sooner.
    gc.disable()
    try:
        return getattr(importlib.import_module(f"folkmoot.cli.{module}"), name)
    finally:
        gc.enable()


def command(name: str) -> TyperCommand | TyperGroup:
    """Load a command or a group of commands."""
    place, line = COMMANDS[name]
    found = load(place)
    if not isinstance(found, typer.Typer):
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name)(found)
        found = alone
    loaded = typer.main.get_command(found)
    loaded.name, loaded.short_help = name, line
    if not isinstance(loaded, TyperCommand | TyperGroup):
        raise TypeError(place)
    return loaded


class Lazy(TyperCommand):
    """Stands for a command until that is used: then it loads it and lets it take over."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: "Context | None" = None,
        **extra: Any,
    ) -> "Context":
        """Read the arguments as the real command does."""
        return command(self.name or "").make_context(info_name, args, parent, **extra)


class Guarded(TyperGroup):
    """Turns failures of its commands into a message and an exit code."""

    def invoke(self, ctx: "Context") -> Any:  # noqa: ANN401 - as declared by typer
        """Run the command that was asked for."""
        with load(REPORTED)():
            return super().invoke(ctx)


app = typer.Typer(
    name="folkmoot",
    cls=Guarded,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def folkmoot() -> None:
    """Serve AI agents to many organisations, look after the deployment, and talk to its agents.

    Data go to standard output, everything else to standard error. Exit codes: 0 done, 1 failed,
    2 used wrongly, 3 the server cannot be reached, 4 not authorised, 130 interrupted.
    """


def _add(name: str, line: str) -> None:
    @app.command(name, cls=Lazy, help=line, add_help_option=False)
    def stand_in() -> None:
        """Never runs: the command that it stands for does."""


for _name, (_place, _line) in COMMANDS.items():
    _add(_name, _line)
