"""Why a command fails, and how it says so: a sentence for people, an exit code for programs."""

import errno
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Final

import typer
from pydantic import ValidationError

from folkmoot.cli import terminal
from folkmoot.cli.exits import ExitCode
from folkmoot.kit.errors import AppError, Forbidden, Unauthenticated, Unavailable


class Failure(Exception):
    """A command cannot do what it was asked for; `hints` say what to do about it."""

    def __init__(
        self, message: str, code: ExitCode = ExitCode.FAILED, *, hints: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.hints = hints


CODES: Final = (
    (Unauthenticated, ExitCode.UNAUTHORIZED),
    (Forbidden, ExitCode.UNAUTHORIZED),
    (Unavailable, ExitCode.UNREACHABLE),
)


@contextmanager
def reported() -> Generator[None]:
    """Tell failures on standard error and end with their exit code."""
    try:
        yield
    except Failure as failure:
        raise _told(failure) from None
    except AppError as error:
        raise _told(_failure(error)) from None
    except ValidationError as error:
        raise _told(_misused(error)) from None
    except typer.Abort:
        raise typer.Exit(ExitCode.INTERRUPTED) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # who reads our output has enough: typer ends us quietly
            raise
        raise _told(Failure(_sentence(error))) from None


def _told(failure: Failure) -> typer.Exit:
    terminal.note(f"Error: {failure.message}")
    for hint in failure.hints:
        terminal.note(f"  {hint}")
    return typer.Exit(failure.code)


def _failure(error: AppError) -> Failure:
    codes = (code for family, code in CODES if isinstance(error, family))
    # Not the detail alone: an operator may know more than clients are told.
    causes = [" ".join(str(error.__cause__).split())] if error.__cause__ else []
    return Failure(str(error), next(codes, ExitCode.FAILED), hints=causes)


def _misused(error: ValidationError) -> Failure:
    faults = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'input'}: {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False)
    ]
    return Failure("These values cannot be used.", ExitCode.USED_WRONGLY, hints=faults)


def _sentence(error: OSError) -> str:
    if error.filename is None:
        return str(error)
    return f"{error.filename}: {error.strerror}."
