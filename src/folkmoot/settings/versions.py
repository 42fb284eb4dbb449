"""Versions as HTTP tells them apart: a change names the one that it is a change of (RFC 9110)."""

import re
from dataclasses import dataclass
from typing import Final

from folkmoot.settings.errors import VersionMissing

TAG: Final = re.compile(r'"(\d{1,18})"')


@dataclass(frozen=True, slots=True)
class Expected:
    """The versions that a change may be a change of; None for any."""

    versions: frozenset[int] | None = None

    def admits(self, version: int) -> bool:
        """Whether this version is one of them."""
        return self.versions is None or version in self.versions


def etag(version: int) -> str:
    """Return a version as an ETag."""
    return f'"{version}"'


def expected(if_match: str | None) -> Expected:
    """Read `If-Match`; what is none of our tags, a weak one too, is the tag of nothing.

    Raises:
        VersionMissing: It was not sent.
    """
    if if_match is None:
        raise VersionMissing
    if if_match.strip() == "*":
        return Expected()
    tags = (TAG.fullmatch(part.strip()) for part in if_match.split(","))
    return Expected(frozenset(int(tag[1]) for tag in tags if tag))
