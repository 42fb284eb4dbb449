"""What a version can be marked as."""

from enum import StrEnum


class Label(StrEnum):
    """`production` is what whoever names no version talks to; `staging` is open to all, too."""

    PRODUCTION = "production"
    STAGING = "staging"
