"""Everything that must hold before a change is good: what `./test` runs.

`checks.py` runs all of it, `checks.py fast` a part in under a minute, `checks.py --all` treats what
cannot run here as a failure, and other arguments go to pytest alone. The last line is pytest's.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coverage import CoverageData

import recorder
import services

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = ROOT / "src" / "folkmoot"
CONSOLE: Final = ROOT / "console"
LEAST_COVERED: Final = 95  # per cent of the lines in src
CORE: Final = ("db", "identity", "runs", "settings")
LEAST_CORE_COVERED: Final = 99  # per cent of the lines in these rooms; rare timing decides the rest
SUMMARY: Final = re.compile(r"\b(?:passed|failed|errors?|deselected|no tests ran)\b.* in [\d.]+s")


@dataclass(frozen=True, slots=True)
class Check:
    """A command that says nothing, or at least ends well, when all is well."""

    name: str
    command: Sequence[str]
    folder: Path = ROOT


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended, what it said and how many seconds it took."""

    name: str
    failed: bool
    said: str
    seconds: float

    def show(self) -> None:
        """Print one line, and what was said if there is something to mend."""
        verdict = "FAILED " if self.failed else "ok     "
        print(f"{verdict}  {self.name} ({self.seconds:.1f} s)")
        print(self.said if self.failed else "", end="", flush=True)


QUICK: Final = (
    Check("ruff", ("ruff", "check", "--quiet", ".")),
    Check("format", ("ruff", "format", "--check", "--quiet", ".")),
    Check("imports", ("lint-imports", "--no-logo")),
    Check("own rules", (sys.executable, "tools/lint.py")),
    Check("mypy", ("mypy",)),
)
SLOW: Final = (
    # What ruff's S rules do not have: six seconds of a processor, for what is rarely found.
    Check("bandit", ("bandit", "--quiet", "--recursive", "--configfile", "pyproject.toml", "src")),
    Check("pyright", ("pyright",)),
)
CONSOLE_CHECKS: Final = (
    Check("console types", ("npm", "run", "--silent", "check"), CONSOLE),
    Check("console tests", ("npm", "test", "--silent"), CONSOLE),
)
# What others do on the machine may double it; what is no accident does more.
MEASURED: Final = (Check("benchmark", ("bench/listing", "--within", "3")),)
FAST_TESTS: Final = ("-m", "core", "tests")
# Two more than there are processors: half of a test's time is waiting.
WORKERS: Final = min((os.cpu_count() or 1) + 2, 4)
PARALLEL: Final = ("-p", "crew", "--processes", f"{WORKERS}")


def main(arguments: list[str]) -> int:
    """Run what was asked for; 0 if all of it is well."""
    own_tools = Path(sys.executable).parent
    os.environ["PATH"] = f"{own_tools}{os.pathsep}{os.environ['PATH']}"
    if arguments == ["fast"]:
        return fast()
    if arguments in ([], ["--all"]):
        return whole(strict=arguments == ["--all"])
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], check=False).returncode


def fast() -> int:
    """Run the quick checks beside the core of the tests."""
    failed, status, summary = run_beside(QUICK, FAST_TESTS)
    return report(failed, status, summary)


def whole(*, strict: bool) -> int:
    """Run everything; where `strict`, what cannot run here fails."""
    failed = [
        f"{service.program} is missing, for {service.needed_for}" for service in services.missing()
    ]
    left_out = [] if os.geteuid() == 0 else ["the tests of what only root can do are left out"]
    for sentence in failed + left_out:
        print(f"SKIPPED  {sentence}")
    failed = failed if strict else []
    prepare_console()
    failed += shown(map(run, MEASURED)) if strict else []
    with tempfile.TemporaryDirectory(prefix="folkmoot-lines-") as name:
        recorder.prepare(Path(name), SOURCE)
        checks = [*QUICK, *SLOW, *CONSOLE_CHECKS]
        found, status, summary = run_beside(checks, ["tests"], recording=name, strict=strict)
        failed += found + coverage_failures(recorder.recorded(Path(name)))
    return report(failed, status, summary)


def run_beside(
    checks: Sequence[Check], tests: Sequence[str], *, recording: str = "", strict: bool = False
) -> tuple[list[str], int, str]:
    """Run checks, one after the other, beside the tests, which wait often; show them afterwards.

    Returns which checks failed, and the status and the last line of the tests.
    """
    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(lambda: [run(check) for check in checks])
        status, summary = run_pytest(tests, recording=recording, strict=strict)
        failed = shown(checking.result())
    return failed, status, summary


def shown(outcomes: Iterable[Outcome]) -> list[str]:
    """Show how checks ended, and return the names of those that failed."""
    failed: list[str] = []
    for outcome in outcomes:
        outcome.show()
        failed += [outcome.name] if outcome.failed else []
    return failed


def run(check: Check) -> Outcome:
    """Run one check."""
    begun = time.monotonic()
    ended = subprocess.run(
        check.command,
        cwd=check.folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return Outcome(check.name, ended.returncode != 0, ended.stdout, time.monotonic() - begun)


def prepare_console() -> None:
    """Install what it takes to check the console."""
    locked, installed = CONSOLE / "package-lock.json", CONSOLE / "node_modules"
    # `./up` installs only what it takes to build it.
    marker = installed / "vitest" / "package.json"
    if not marker.is_file() or marker.stat().st_ctime < locked.stat().st_mtime:
        run(Check("console packages", ("npm", "ci", "--no-audit", "--no-fund"), CONSOLE)).show()


def run_pytest(
    arguments: Sequence[str], *, recording: str = "", strict: bool = False
) -> tuple[int, str]:
    """Run pytest, showing what it says as it says it; return its status and last line."""
    plugins = ["-p", "no_skips"] if strict else []
    color = "yes" if sys.stdout.isatty() else "no"
    options = [f"--color={color}", *PARALLEL, *plugins]
    command = [sys.executable, "-m", "pytest", *options, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tools")}
    # Each process would compile all tests anew, which takes longer than to load them.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment |= {recorder.FOLDER: recording} if recording else {}
    last = ""
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            last = line if SUMMARY.search(line) else last
    return process.returncode, last


def coverage_failures(lines: Mapping[str, Sequence[int]]) -> list[str]:
    """Hold the coverage against the bars; show what is missing where one is not reached."""
    coverage = [sys.executable, "-m", "coverage"]
    data = CoverageData(str(ROOT / ".coverage"))
    data.erase()
    data.add_lines(lines)
    data.write()
    core = ",".join(f"src/folkmoot/{room}/*" for room in CORE)
    bars = {
        f"coverage of src below {LEAST_COVERED} %": [f"--fail-under={LEAST_COVERED}"],
        f"coverage of {', '.join(CORE)} below {LEAST_CORE_COVERED} %": [
            f"--fail-under={LEAST_CORE_COVERED}",
            f"--include={core}",
        ],
    }
    failed: list[str] = []
    for name, options in bars.items():
        command = [*coverage, "report", *options]
        ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
        if ended.returncode:
            print(ended.stdout + ended.stderr, end="")
            failed.append(name)
    return failed


def report(failed: Sequence[str], status: int, summary: str) -> int:
    """Say once more what failed, then what pytest said last."""
    for name in failed:
        print(f"FAILED   {name}")
    print(summary, end="", flush=True)
    return status or (1 if failed else 0)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
