"""How large the chunks of documents become: as the settings of whoever adds them say."""

from collections.abc import Awaitable, Callable

from folkmoot.kit.subject import Subject
from folkmoot.knowledge.indexing.chunking import Sizes
from folkmoot.settings.groups import Retrieval
from folkmoot.settings.service import Settings

ChunkSizes = Callable[[Subject], Awaitable[Sizes]]


async def usual(_subject: Subject) -> Sizes:
    """Return what nobody has set otherwise."""
    return Sizes()


def by_settings(settings: Settings) -> ChunkSizes:
    """Return what tells the sizes that hold for somebody."""

    async def sizes(subject: Subject) -> Sizes:
        held, otherwise = (await settings.of(subject)).values(Retrieval), Sizes()
        size = held.chunk_size or otherwise.size
        overlap = otherwise.overlap if held.chunk_overlap is None else held.chunk_overlap
        return Sizes(size, min(overlap, size // 2))  # they may be of two layers

    return sizes
