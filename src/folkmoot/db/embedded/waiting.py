"""Wait for something outside this process."""

import time
from collections.abc import Iterator
from typing import Final

from folkmoot.kit import clock

PAUSE_SECONDS: Final = 0.005


def attempts(seconds: float) -> Iterator[None]:
    """Yield at once and then every few milliseconds until the time is up."""
    end = clock.monotonic() + seconds
    yield
    while clock.monotonic() < end:
        time.sleep(PAUSE_SECONDS)
        yield
