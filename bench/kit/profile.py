"""Where a server's own CPU goes, by py-spy, if it is installed."""

import re
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

RATE: Final = 200
"""Samples a second."""

MOST: Final = 20
"""Rooms and packages that are named."""

EVERYTHING: Final = 0.8
"""Share from which on a function is what everything runs in."""

IDLE: Final = "asyncio/runners.py"

OURS: Final = re.compile(r"(\S+) \(.*/(?:src|site-packages)/folkmoot/([\w/]+)\.py")
PLACE: Final = re.compile(r"(?:/site-packages|/src|/lib/python[\d.]+(?!/site-))/(folkmoot/\w+|\w+)")


@contextmanager
def profiled(pid: int, title: str) -> Generator[None]:
    """Sample a process meanwhile, then print where it was.

    Raises:
        RuntimeError: py-spy is missing.
    """
    program = shutil.which("py-spy")
    if program is None:
        raise RuntimeError("--profile needs py-spy on the PATH.")
    with TemporaryDirectory() as directory:
        samples = Path(directory) / "samples"
        command = [program, "record", "--format", "raw", "--rate", str(RATE), "--nonblocking"]
        command += ["--full-filenames", "--pid", str(pid), "--output", str(samples)]
        spy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            spy.send_signal(signal.SIGINT)
            spy.wait(60)
        if samples.exists():
            print("\n".join(shares(title, samples.read_text())), flush=True)


def shares(title: str, samples: str) -> Iterator[str]:
    """Yield the share of each room or package in its own code, of our functions with all they call.

    Waiting for the next event is left out: how long that takes says nothing of the server. So are
    functions that everything runs in.
    """
    own, called = Counter[str](), Counter[str]()
    for line in samples.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if IDLE not in frames[-1]:
            own[room(frames[-1])] += int(count)
            for name in {f"{found[2]} {found[1]}" for found in map(OURS.match, frames) if found}:
                called[name] += int(count)
    total = max(1, own.total())
    parts = Counter({name: count for name, count in called.items() if count < EVERYTHING * total})
    yield f"{title}: {total} samples"
    for heading, counts in (("own", own), ("with what they call", parts)):
        yield f"  {heading}:"
        for name, samples_of_it in counts.most_common(MOST):
            yield f"    {100 * samples_of_it / total:5.1f} %  {name}"


def room(frame: str) -> str:
    """Return what a frame belongs to: `folkmoot/runs`, a package, or a module of Python's own."""
    places = PLACE.findall(frame)
    return places[-1] if places else frame.rpartition("/")[2]
