"""Python's collector of reference cycles."""

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 50, 50)


def settle() -> None:
    """Tell it that what is loaded stays, and to come seldom.

    A collection in the middle of 300 first tokens delays them all.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
