"""Checks of the packages that bring agents and tools."""

from collections.abc import Iterator

from folkmoot.cli.checks.finding import Finding, good, warning
from folkmoot.plugins import Plugins

REMEDY = "Mend or remove that package; without it, what it brings is missing."


def plugins(found: Plugins) -> Iterator[Finding]:
    """Check that every one can be used."""
    for plugin in found.all:
        check = f"plugin {plugin.name}"
        if plugin.problem is not None:
            yield warning(check, f"Left out ({plugin.group}): {plugin.problem}", REMEDY)
        else:
            yield good(check, f"{plugin.package} {plugin.version} ({plugin.group})")
