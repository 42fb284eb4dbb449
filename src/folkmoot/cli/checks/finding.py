"""What a check has found."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """A warning is something that works, but less well than it could."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it looked at, how it is, and what to do about it."""

    check: str
    status: Status
    detail: str
    remedy: str | None = None


def good(check: str, detail: str) -> Finding:
    """Report that all is well."""
    return Finding(check, Status.OK, detail)


def warning(check: str, detail: str, remedy: str) -> Finding:
    """Report what could be better."""
    return Finding(check, Status.WARNING, detail, remedy)


def failed(check: str, detail: str, remedy: str) -> Finding:
    """Report what keeps Folkmoot from working."""
    return Finding(check, Status.FAILED, detail, remedy)
