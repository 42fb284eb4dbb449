"""Telling the tool calls of one answer apart, in formats that send them in pieces."""

from folkmoot.kit.ids import new_id
from folkmoot.llm.port import ToolCallStarted
from folkmoot.llm.providers.batch import Batch


class Calls:
    """The calls of one answer, in the order they were opened.

    A piece belongs to the call that is open at its place. Some servers put all calls at the same
    place, or at none: there, another id that comes with a name opens another call.
    """

    __slots__ = ("_count", "_open")

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[int | str | None, ToolCallStarted] = {}

    def __bool__(self) -> bool:
        return self._count > 0

    def piece(
        self,
        batch: Batch,
        place: int | str | None,
        call_id: str | None,
        name: str | None,
        arguments: str | None,
        signature: str | None = None,
    ) -> None:
        """Add a piece of a call to the batch, and the call itself if it opens with it."""
        call = self._open.get(place)
        if call is None or (name and call_id and call_id != call.id):
            call = ToolCallStarted(
                self._count, call_id or f"call_{new_id().hex}", name or "", signature
            )
            self._count += 1
            self._open[place] = call
            batch.call(call)
        if arguments:
            batch.arguments(call.index, arguments)
