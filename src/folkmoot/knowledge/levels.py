"""What people may do with collections, and what it takes to decide that."""

from enum import StrEnum
from typing import Final

CONTRIBUTE: Final = "team:contribute"
"""What it takes to change what is a team's; who may not do so may read it."""
MANAGE_TEAM: Final = "team:manage"
"""What it takes to say who reads and edits what is a team's."""
MANAGE: Final = "collections:manage"
"""The same for what is the organisation's."""


class AccessLevel(StrEnum):
    """What a grant lets somebody do with a collection."""

    READ = "read"
    EDIT = "edit"


class DefaultAccess(StrEnum):
    """What those may do whom a collection's scope names, without any grant."""

    EDIT = "edit"
    READ = "read"
    NONE = "none"
