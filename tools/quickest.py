"""Finds the Python that computes quickest: it runs everything that `./up` starts.

Builds differ more than versions do. One compiled without profile-guided optimisation, as version
managers do unless they are asked, takes a third more processor time than a distribution's own.
"""

import os
import shutil
import subprocess
from typing import Final

NAMES: Final = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")
USUAL_PLACES: Final = ("/usr/local/bin", "/usr/bin")
WORTH_IT: Final = 0.85  # of the time that the Python at hand takes: else that one is kept
PATIENCE: Final = 20  # seconds for a Python to answer

# Prints the seconds of processor time that some ordinary code takes, if the Python fits.
TRIAL: Final = """
import ctypes, sqlite3, ssl, sys, time, venv, zlib
def compute():
    texts, length = {}, 0
    for number in range(40_000):
        texts[number % 1000] = "word-%d " % number
        length += len(texts[number % 500])
    return length
def timed():
    begun = time.process_time()
    compute()
    return time.process_time() - begun
if (3, 11) <= sys.version_info[:2] < (3, 15):
    print(min(timed() for _ in range(5)))
"""


def quickest(at_hand: str) -> str:
    """Return the path of the Python to use: the one at hand unless another is clearly quicker."""
    others = {path: seconds for path in _others() if (seconds := _trial(path)) is not None}
    best = min(others, key=others.__getitem__, default=at_hand)
    usual = _trial(at_hand)
    return best if usual is None or others.get(best, usual) < usual * WORTH_IT else at_hand


def _others() -> set[str]:
    places = [*os.environ.get("PATH", "").split(os.pathsep), *USUAL_PLACES]
    found = (shutil.which(name, path=place) for place in places for name in NAMES)
    return {os.path.realpath(path) for path in found if path}


def _trial(python: str) -> float | None:
    """Return how many seconds the Python takes; None if it does not fit."""
    command = [python, "-I", "-S", "-c", TRIAL]
    try:
        ended = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE
        )
        return float(ended.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
