"""Whose something is."""

from enum import StrEnum


class Scope(StrEnum):
    """The whole organisation's, one team's, or one user's own."""

    ORGANIZATION = "organization"
    TEAM = "team"
    USER = "user"
