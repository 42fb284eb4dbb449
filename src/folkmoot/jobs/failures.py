"""What jobs fail with, written down for an operator: without secrets, and not too long."""

import traceback
from collections.abc import Callable
from typing import Final

from folkmoot.kit.errors import AppError

LONGEST: Final = 2_000
OURS: Final = "/folkmoot/"
DIED: Final = "Its worker died over it."

NOTE: Final = """
INSERT INTO job_errors (job_id, error, location, at)
SELECT id, %(error)s, %(location)s, now() FROM procrastinate_jobs WHERE id = %(job_id)s
ON CONFLICT (job_id) DO UPDATE SET error = excluded.error, location = excluded.location, at = now()
"""


def told(error: BaseException, clean: Callable[[str], str]) -> tuple[str, str | None]:
    """Return what an operator reads of a failure, and where in our code it was."""
    if isinstance(error, AppError):
        said = f"{error.code}: {error.detail}"
    else:
        said = f"{type(error).__name__}: {error}"
    return clean(said.replace("\0", "\ufffd"))[:LONGEST], _location(error)


def _location(error: BaseException) -> str | None:
    """Return the innermost line of ours that the failure went through."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if OURS in each.filename]
    if not frames:
        return None
    last = frames[-1]
    return f"{last.filename.rpartition(OURS)[2]}:{last.lineno} in {last.name}"
