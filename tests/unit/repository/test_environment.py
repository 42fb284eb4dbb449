"""What `./up` and `./test` do before anything of ours can run."""

import functools
import hashlib
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import fetch_uv
import install
import quickest

ROOT = Path(__file__).resolve().parents[3]
SCRIPTS = ("up", "test", ".ci/run", "tools/python.sh")

INSTALLER = """
import pathlib, sys
import prepare
with open(prepare.ROOT / "calls", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
(prepare.VENV / "bin").mkdir(parents=True, exist_ok=True)
for name in ("python", "folkmoot"):
    (prepare.VENV / "bin" / name).unlink(missing_ok=True)
    (prepare.VENV / "bin" / name).touch()
if sys.argv[1] == "console":
    prepare.BUILT.write_text("built " + prepare.console_fingerprint())
else:
    prepare.INSTALLED.write_text(sys.argv[2] + " " + prepare.fingerprint())
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose installer only notes that it was called."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "console" / "src").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "prepare.py", tmp_path / "tools")
    (tmp_path / "tools" / "install.py").write_text(INSTALLER)
    for name in ("uv.lock", "pyproject.toml", "hatch_build.py", "console/src/a.ts"):
        (tmp_path / name).write_text(name)
    return tmp_path


def prepare(checkout: Path, group: str) -> list[str]:
    """Prepare a checkout and return how the installer was called."""
    calls = checkout / "calls"
    calls.unlink(missing_ok=True)
    script = checkout / "tools" / "prepare.py"
    subprocess.run([sys.executable, "-I", "-S", str(script), group], check=True)
    return calls.read_text().splitlines() if calls.exists() else []


def test_the_first_start_installs_and_builds_and_the_second_does_nothing(checkout: Path) -> None:
    assert prepare(checkout, "run") == ["packages run", "console"]
    assert prepare(checkout, "run") == []


def test_an_environment_for_tests_serves_for_running_but_not_the_other_way(checkout: Path) -> None:
    prepare(checkout, "run")
    assert prepare(checkout, "test") == ["packages test"]
    assert prepare(checkout, "run") == []


@pytest.mark.parametrize(
    ("changed", "calls"),
    [
        ("uv.lock", ["packages run"]),
        ("pyproject.toml", ["packages run"]),
        ("console/src/a.ts", ["console"]),
        ("console/node_modules/b.js", []),
        ("hatch_build.py", ["console"]),
    ],
)
def test_what_changed_is_done_again_and_nothing_else(
    checkout: Path, changed: str, calls: list[str]
) -> None:
    prepare(checkout, "run")
    (checkout / changed).parent.mkdir(exist_ok=True)
    (checkout / changed).write_text("changed")
    assert prepare(checkout, "run") == calls


def test_an_environment_whose_interpreter_is_gone_is_made_again(checkout: Path) -> None:
    prepare(checkout, "run")
    python = checkout / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    assert "packages run" in prepare(checkout, "run")


def test_a_console_that_could_not_be_built_is_tried_again_after_an_hour(checkout: Path) -> None:
    prepare(checkout, "run")
    built = checkout / ".venv" / "console-built"
    built.write_text(built.read_text().replace("built", "failed"))
    assert prepare(checkout, "run") == []
    os.utime(built, (0, 0))
    assert prepare(checkout, "run") == ["console"]


def test_two_starts_at_once_install_once(checkout: Path) -> None:
    script = checkout / "tools" / "prepare.py"
    command = [sys.executable, "-I", "-S", str(script), "run"]
    starts = [subprocess.Popen(command, stderr=subprocess.DEVNULL) for _ in range(4)]
    assert [start.wait(timeout=60) for start in starts] == [0, 0, 0, 0]
    assert (checkout / "calls").read_text().splitlines() == ["packages run", "console"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_are_posix_shell(script: str) -> None:
    checked = subprocess.run(["sh", "-n", str(ROOT / script)], check=False)
    assert checked.returncode == 0


def test_without_a_fitting_python_the_scripts_say_so(tmp_path: Path) -> None:
    for name in ("sh", "dirname"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    shutil.copytree(ROOT / "tools", tmp_path / "checkout" / "tools")
    shutil.copy(ROOT / "up", tmp_path / "checkout" / "up")
    ended = subprocess.run(
        [str(tmp_path / "checkout" / "up")],
        env={"PATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode != 0
    assert "needs Python 3.11 to 3.14" in ended.stderr


def python_at(folder: Path, answer: str) -> str:
    """Put a Python into a folder that says how long it takes, or fails."""
    folder.mkdir()
    python = folder / "python3"
    python.write_text(f"#!/bin/sh\n{answer}\n")
    python.chmod(0o755)
    return str(python)


@pytest.mark.parametrize(
    ("at_hand", "other", "chosen"),
    [
        ("echo 0.010", "echo 0.007", "other"),
        ("echo 0.010", "echo 0.009", "at hand"),
        ("echo 0.010", "echo too old; exit 1", "at hand"),
        ("exit 1", "echo 0.020", "other"),
        ("exit 1", "exit 1", "at hand"),
    ],
)
def test_a_python_that_is_clearly_quicker_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_hand: str, other: str, chosen: str
) -> None:
    pythons = {
        "at hand": python_at(tmp_path / "first", at_hand),
        "other": python_at(tmp_path / "second", other),
    }
    monkeypatch.setattr(quickest, "USUAL_PLACES", ())
    monkeypatch.setenv("PATH", f"/bin/nowhere:{tmp_path / 'second'}")
    assert quickest.quickest(pythons["at hand"]) == pythons[chosen]


def test_this_python_fits_and_tells_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))
    monkeypatch.setattr(quickest, "USUAL_PLACES", ())
    monkeypatch.setattr(quickest, "WORTH_IT", 1000.0)
    assert quickest.quickest("/nonexistent/python3") == str(Path(sys.executable).resolve())


class Index:
    """A package index of one package."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder / "uv"
        self.url = url
        self.folder.mkdir()

    def offer(self, platform: str, *, hash_of: bytes | None = None) -> None:
        """Put a wheel of uv 1.2.3 on the index, perhaps with a wrong hash."""
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("uv-1.2.3.data/scripts/uv", "#!/bin/sh\necho uv 1.2.3\n")
        name = f"uv-1.2.3-py3-none-{platform}.whl"
        (self.folder / name).write_bytes(content.getvalue())
        digest = hashlib.sha256(hash_of or content.getvalue()).hexdigest()
        links = f'<a href="uv-1.2.3.tar.gz">x</a>\n<a href="{name}#sha256={digest}">{name}</a>'
        (self.folder / "index.html").write_text(links)


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """An index that the machine is set to use, on a machine without pip."""
    folder = tmp_path / "simple"
    folder.mkdir()
    handler = functools.partial(QuietHandler, directory=str(folder))
    fetch_uv.configured_index.cache_clear()
    monkeypatch.setattr(fetch_uv, "by_pip", lambda _wanted, _folder: None)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("PIP_INDEX_URL", url)
        yield Index(folder, url)
        server.shutdown()
    fetch_uv.configured_index.cache_clear()


def ours() -> str:
    return fetch_uv.platform_tag().replace("[0-9_]+", "2_17")


def test_without_pip_uv_comes_from_the_configured_index(index: Index, tmp_path: Path) -> None:
    index.offer(ours())
    destination = tmp_path / "bin" / "uv"
    fetch_uv.fetch("1.2.3", destination)
    assert fetch_uv.version(destination) == "1.2.3"
    assert [path.name for path in destination.parent.iterdir()] == ["uv"]


def test_a_wheel_that_is_not_what_the_index_says_is_refused(index: Index, tmp_path: Path) -> None:
    index.offer(ours(), hash_of=b"something else")
    with pytest.raises(SystemExit, match="is not what the index says"):
        fetch_uv.fetch("1.2.3", tmp_path / "uv")
    assert not (tmp_path / "uv").exists()


def test_an_index_without_a_wheel_for_this_machine_is_named(index: Index, tmp_path: Path) -> None:
    index.offer("win32")
    with pytest.raises(SystemExit, match=r"no uv 1\.2\.3 for this machine"):
        fetch_uv.fetch("1.2.3", tmp_path / "uv")


def test_a_uv_that_is_missing_or_broken_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "uv"
    assert fetch_uv.version(broken) is None
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    assert fetch_uv.version(broken) is None


def test_what_is_installed_is_compiled_whatever_else_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages, sources = tmp_path / "lib" / "python3" / "site-packages", tmp_path / "src"
    for directory in (packages, sources):
        directory.mkdir(parents=True)
        (directory / "good.py").write_text("x = 1")
    (packages / "template.py").write_text("{{ no python }}")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    for name, value in {"VENV": tmp_path, "ROOT": tmp_path, "PYTHON": sys.executable}.items():
        monkeypatch.setattr(install, name, value)

    install.compile_sources()

    compiled = {each.relative_to(tmp_path).parts[0] for each in tmp_path.rglob("good.*.pyc")}
    assert compiled == {"lib", "src"}
