"""Gets the one program that installs everything else, with or without pip on the machine."""

import functools
import hashlib
import html
import os
import platform
import re
import stat
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Final
from urllib.parse import urldefrag, urljoin, urlsplit

PYPI: Final = "https://pypi.org/simple"
LINK: Final = re.compile(r'href="([^"]+)"')
SECONDS: Final = 120


def version(uv: Path) -> str | None:
    """Return the version of an installed uv, or None if it does not run."""
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return said.stdout.split()[1]


def fetch(wanted: str, destination: Path) -> None:
    """Put uv of the wanted version at the destination, all of it or nothing."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent) as temporary:
        folder = Path(temporary)
        wheel = by_pip(wanted, folder) or by_hand(wanted, folder)
        unpacked = folder / "uv"
        with zipfile.ZipFile(wheel) as archive:
            unpacked.write_bytes(archive.read(f"uv-{wanted}.data/scripts/uv"))
        unpacked.chmod(unpacked.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        unpacked.replace(destination)


def by_pip(wanted: str, folder: Path) -> Path | None:
    """Download the wheel with the machine's pip, which knows its indexes and certificates."""
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check"]
    command = [base_python(), "-m", "pip", "download", *options, "--dest", str(folder)]
    ended = subprocess.run([*command, f"uv=={wanted}"], check=False, capture_output=True)
    return next(folder.glob("uv-*.whl"), None) if ended.returncode == 0 else None


def by_hand(wanted: str, folder: Path) -> Path:
    """Download the wheel from the index ourselves and check it against the index's hash."""
    index = f"{configured_index() or PYPI}/uv/"
    try:
        address, _, expected = find_wheel(index, wanted).partition("#sha256=")
        content = read(address)
    except (urllib.error.URLError, OSError) as error:
        sys.exit(f"folkmoot: uv cannot be fetched from {index}: {error}")
    if hashlib.sha256(content).hexdigest() != expected:
        sys.exit(f"folkmoot: {address} is not what the index says it is.")
    wheel = folder / "uv.whl"
    wheel.write_bytes(content)
    return wheel


def find_wheel(index: str, wanted: str) -> str:
    """Return the address of this machine's wheel, with its hash as the fragment (PEP 503)."""
    ours = re.compile(rf"uv-{re.escape(wanted)}-py3-none-.*{platform_tag()}.*\.whl")
    for match in LINK.finditer(read(index).decode()):
        link = html.unescape(match[1])
        if ours.fullmatch(urlsplit(urldefrag(link).url).path.rpartition("/")[2]):
            return urljoin(index, link)
    sys.exit(f"folkmoot: {index} has no uv {wanted} for this machine; install it into .venv/bin.")


def platform_tag() -> str:
    """Return an expression for the platform part of a wheel's name (PEP 425)."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
    if sys.platform == "darwin":
        return "macosx_[0-9_]+_" + {"aarch64": "arm64"}.get(machine, machine)
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return f"{libc}_[0-9_]+_{machine}"


def read(address: str) -> bytes:
    """Return what is at an address of the index."""
    request = urllib.request.Request(address, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        content: bytes = answer.read()
    return content


def base_python() -> str:
    """Return the interpreter itself, not that of a virtual environment: it may have pip."""
    return getattr(sys, "_base_executable", None) or sys.executable


@functools.cache
def configured_index() -> str | None:
    """Return the package index that this machine is set to use instead of PyPI."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name].rstrip("/")
    asked = [base_python(), "-m", "pip", "config", "get", "global.index-url"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    return said.stdout.strip().rstrip("/") or None
