"""Failures the memory slice can report."""

from folkmoot.kit.errors import AppError, Conflict, NotFound


class MemoryNotFound(NotFound):
    code = "memory_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such memory.")


class MemoryKnown(Conflict):
    """The same words are remembered there already."""

    code = "memory_known"

    def __init__(self) -> None:
        super().__init__("This is remembered there already.")


class TooManyMemories(Conflict):
    code = "too_many_memories"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} memories are there already, and more there cannot be.", most=most)


class ReadingFailed(AppError):
    """A model does not answer with the changes that it was asked for."""

    code = "memory_reading_failed"

    def __init__(self, model: str) -> None:
        super().__init__(f"{model} does not answer in the form that it was asked for.")
