"""Has a store told of changes in the background, without loading anything where there is none."""

from dataclasses import dataclass
from importlib import import_module
from typing import Final, cast

from psycopg import AsyncConnection

from folkmoot.kit.lasting import Endless
from folkmoot.knowledge.vector_stores.port import VectorStore

CARRYING: Final = "folkmoot.knowledge.vector_stores.carrying"
ANY: Final = "SELECT EXISTS (SELECT FROM vector_stores)"


@dataclass(frozen=True, slots=True)
class Keeping:
    """Keeps a store as it should be, or has an earlier one told no more.

    Attributes:
        owner: Connection string of the role that owns the schema.
        store: The one that the deployment has chosen, if it is not PostgreSQL itself.
    """

    owner: str
    store: VectorStore | None

    async def watch(self) -> None:
        """Carry changes until cancelled; do nothing where no store was ever told of any."""
        if self.store is None:
            async with await AsyncConnection.connect(self.owner, autocommit=True) as connection:
                if await (await connection.execute(ANY)).fetchone() != (True,):
                    return
        watch = import_module(CARRYING).Carrying(self.owner, self.store).watch
        await cast(Endless, watch)()
