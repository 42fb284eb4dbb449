"""How conversations are read: by ourselves (`own`), or by LangMem, if its extra is installed.

A strategy turns a talk into changes, and that is all it does. Which memories it is shown, what of
its changes is made and who pays for its calls is the same for all of them, and stands around it.
"""

import asyncio
from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol, cast

from folkmoot.llm.port import ChatModel
from folkmoot.memory import reading
from folkmoot.memory.changes import Change
from folkmoot.memory.ports import Said
from folkmoot.settings.groups import MemoryStrategy

LANGMEM: Final = "folkmoot.memory.langmem_reading"


class Reader(Protocol):
    """A strategy."""

    async def __call__(
        self, model: ChatModel, talk: Sequence[Said], known: Sequence[str]
    ) -> Sequence[Change]:
        """Return what follows from a talk, given what is known; both are counted from 1.

        Nothing of what it returns is believed.

        Raises:
            AppError: The model fails, or may not be asked.
            ReadingFailed: It does not answer with what it was asked for.
        """
        ...


async def reader(strategy: MemoryStrategy) -> Reader:
    """Return a strategy; what it needs is loaded beside the event loop when it is first wanted.

    Raises:
        ImportError: Its extra is not installed.
    """
    if strategy is MemoryStrategy.OWN:
        return reading.read
    module = await asyncio.to_thread(import_module, LANGMEM)
    return cast(Reader, module.read)
