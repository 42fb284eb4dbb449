"""Doing something in a process of its own: what it loads and leaves behind goes with it."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Final

FORK: Final = multiprocessing.get_context("fork")


def apart(work: Callable[..., None], *arguments: Any) -> None:
    """Do it in a fork of this process, wait for it, and fail as it does.

    It goes on to its end where this process does not live to see it. An executor of the standard
    library would leave a process behind then, for good.

    Raises:
        ChildProcessError: It was killed.
    """
    ours, theirs = FORK.Pipe(duplex=False)
    with ours:
        child = FORK.Process(target=_work, args=(theirs, work, arguments))
        child.start()
        theirs.close()
        try:
            failure: BaseException | None = ours.recv()
        except EOFError:
            child.join()
            raise ChildProcessError(f"It ended with {child.exitcode}.") from None
    child.join()
    if failure is not None:
        raise failure


def _work(tell: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    failure: BaseException | None = None
    try:
        work(*arguments)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised by who waits
        failure = error
    tell.send(failure)
