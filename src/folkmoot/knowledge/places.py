"""Where something is found."""

from typing import NamedTuple
from uuid import UUID


class Place(NamedTuple):
    """Which chunk of which document."""

    document_id: UUID
    ordinal: int
