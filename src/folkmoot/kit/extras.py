"""What somebody types to install something beside this Folkmoot."""

import json
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from shlex import quote
from typing import Any, Final
from urllib.parse import unquote, urlsplit

NAME: Final = "folkmoot"


def installer() -> str:
    """Return the command that installs what follows it; a checkout's environment has no pip."""
    uv = Path(sys.executable).with_name("uv")
    if uv.is_file():
        return f"{uv} pip install --python {sys.executable}"
    return f"{sys.executable} -m pip install"


def installing(extra: str) -> str:
    """Return the command that adds an extra of ours."""
    checkout = _checkout()
    option = "" if checkout is None else " --editable"
    return f"{installer()}{option} {quote(f'{checkout or NAME}[{extra}]')}"


def _checkout() -> str | None:
    """Return the directory that this Folkmoot was installed from, if it is one (PEP 610)."""
    try:
        told = distribution(NAME).read_text("direct_url.json")
    except PackageNotFoundError:
        return None
    origin: dict[str, Any] = json.loads(told or "{}")
    return unquote(urlsplit(str(origin["url"])).path) if "dir_info" in origin else None
