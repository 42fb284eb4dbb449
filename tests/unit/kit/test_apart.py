"""What is done in a process of its own."""

import os
import signal
from pathlib import Path

import pytest

from folkmoot.db.errors import DatabaseUnavailable, SecretKeyDiffers
from folkmoot.kit.apart import apart
from folkmoot.kit.errors import AppError, Busy


def test_it_is_another_process_and_is_waited_for(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def tell() -> None:
        told.write_text(str(os.getpid()))

    apart(tell)
    assert int(told.read_text()) != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


@pytest.mark.parametrize(
    "failure",
    [
        DatabaseUnavailable(),
        SecretKeyDiffers("folkmoot_app", in_use=True),
        Busy("Later.", retry_after=3, rows=[1]),
    ],
)
def test_it_fails_as_it_would_have_here(failure: AppError) -> None:
    def fail() -> None:
        raise failure

    with pytest.raises(type(failure)) as raised:
        apart(fail)
    assert vars(raised.value) == vars(failure)
    assert str(raised.value) == str(failure)


def test_one_that_is_killed_is_told_of() -> None:
    with pytest.raises(ChildProcessError, match="-9"):
        apart(lambda: os.kill(os.getpid(), signal.SIGKILL))
