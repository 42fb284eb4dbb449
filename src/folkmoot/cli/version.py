"""`folkmoot version`."""

import platform
from importlib import metadata

from folkmoot.cli import terminal
from folkmoot.cli.options import AsJson


def version(*, as_json: AsJson = False) -> None:
    """Print the version of Folkmoot, of Python and of this machine's system."""
    ours = metadata.version("folkmoot")
    if as_json:
        return terminal.show_json(
            {"version": ours, "python": platform.python_version(), "platform": platform.platform()}
        )
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return terminal.show(f"folkmoot {ours} ({system})")
