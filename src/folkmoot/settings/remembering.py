"""How much is remembered, and how long looking for it and waiting for conversations may take."""

from typing import Annotated

from pydantic import ConfigDict, Field

from folkmoot.kit.schema import Schema


class MemoryLimits(Schema):
    """Bounds of memory. Whether anything is remembered is said by `defaults.general`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recall_ms: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=300,
        description="Milliseconds that a turn waits for what is remembered; then it goes on"
        " without.",
    )
    rest_seconds: Annotated[int, Field(ge=0, le=86_400)] = Field(
        default=60,
        description="Seconds that a conversation has to rest before it is read for what is worth"
        " remembering; one that does not is read every ten minutes.",
    )
    most: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=1_000,
        description="Memories of one person, of one team and of the organisation itself. Of those"
        " that were found in conversations, the one that was not used for longest goes first.",
    )
