"""Progress: bars at a terminal, a line for each step anywhere else."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn
from rich.text import Text

from folkmoot.cli import terminal


class Steps(Protocol):
    """Is told how one thing after the other comes along."""

    def at(self, name: str, step: str, done: int = 0, total: int | None = None) -> None:
        """Say how far a thing is in a step; without a total nobody knows."""
        ...

    def over(self, name: str, how: str) -> None:
        """Say how a thing ended."""
        ...


class Lines:
    """A line when a step begins and when a thing ends."""

    def __init__(self) -> None:
        self._last = ("", "")

    def at(self, name: str, step: str, done: int = 0, total: int | None = None) -> None:  # noqa: ARG002 - of Steps
        """Tell a step once."""
        if self._last != (name, step):
            self._last = (name, step)
            terminal.note(f"{name}: {step}")

    def over(self, name: str, how: str) -> None:
        """Tell the end."""
        terminal.note(f"{name}: {how}")


class Bars:
    """A bar for the step that a thing is in."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._shown: tuple[str, str] = ("", "")
        self._task: TaskID | None = None

    def at(self, name: str, step: str, done: int = 0, total: int | None = None) -> None:
        """Move the bar; a new step begins a new one."""
        if self._task is None or self._shown != (name, step):
            self._clear()
            self._shown = (name, step)
            self._task = self._progress.add_task(terminal.one_line(f"{name}: {step}"), total=total)
        self._progress.update(self._task, completed=done, total=total)

    def over(self, name: str, how: str) -> None:
        """Replace the bar by a line."""
        self._clear()
        self._progress.console.print(Text(terminal.one_line(f"{name}: {how}")))

    def _clear(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None


@contextmanager
def steps() -> Generator[Steps]:
    """Show progress on standard error."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield Bars(progress)
