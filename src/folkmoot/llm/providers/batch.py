"""Collecting the chunks of one read, with neighbouring deltas joined."""

from typing import Final

from folkmoot.llm.port import (
    Chunk,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    ToolCallStarted,
)

TEXT: Final = -1
REASONING: Final = -2


class Batch:
    """The chunks of one read, in the order they came; `characters` counts those of all reads."""

    __slots__ = ("_chunks", "_kind", "_pieces", "characters")

    def __init__(self) -> None:
        self.characters = 0
        self._chunks: list[Chunk] = []
        self._pieces: list[str] = []
        self._kind = TEXT  # or REASONING, or the index of a tool call

    def text(self, piece: str) -> None:
        if self._kind != TEXT:
            self._turn(TEXT)
        self._pieces.append(piece)

    def reasoning(self, piece: str) -> None:
        if self._kind != REASONING:
            self._turn(REASONING)
        self._pieces.append(piece)

    def arguments(self, index: int, piece: str) -> None:
        if self._kind != index:
            self._turn(index)
        self._pieces.append(piece)

    def call(self, started: ToolCallStarted) -> None:
        self._turn(started.index)
        self._chunks.append(started)

    def take(self) -> list[Chunk]:
        """Return what was collected and begin anew."""
        self._turn(TEXT)
        chunks, self._chunks = self._chunks, []
        return chunks

    def _turn(self, kind: int) -> None:
        """Close the delta that was being collected; what follows is of another kind."""
        if self._pieces:
            joined = "".join(self._pieces)
            self._pieces.clear()
            if joined:
                self.characters += len(joined)
                self._chunks.append(self._delta(joined))
        self._kind = kind

    def _delta(self, joined: str) -> Chunk:
        if self._kind == TEXT:
            return TextDelta(joined)
        if self._kind == REASONING:
            return ReasoningDelta(joined)
        return ToolCallDelta(self._kind, joined)
