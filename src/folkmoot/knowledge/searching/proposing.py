"""Asks a store for what is near, once it holds all that there is."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final, LiteralString

import msgspec

from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.searching.nearness import FEW, Proposed
from folkmoot.knowledge.searching.search import Ground, Sought
from folkmoot.knowledge.vector_stores import port
from folkmoot.knowledge.vector_stores.port import VectorStore

PATIENCE: Final = 3.0
"""Seconds that a search waits for a store; then words have to do."""
MOST_NAMED: Final = 1_000
"""Documents that a store is told to choose among; they limit how long a question is."""
WHOLE: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM vector_stores WHERE name = %s AND whole_at IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Proposing:
    """Completes what is looked for by what a store takes for near, if there is a store."""

    database: Database
    store: VectorStore | None = None

    async def __call__(self, subject: Subject, sought: Sought) -> Sought:
        """Return it with the store's proposals; as it is, if PostgreSQL itself is to compare.

        Raises:
            VectorStoreUnavailable: The store does not answer.
        """
        ground = sought.ground
        if self.store is None or sought.vector is None or sought.model is None:
            return sought
        if _compared(ground):
            return sought
        if not await self._is_whole(subject, self.store):
            return sought
        vector = msgspec.json.decode(sought.vector, type=list[float])
        asked = port.Sought(
            org_id=subject.org_id,
            collections=ground.collections,
            documents=ground.documents,
            model=port.Model(sought.model, len(vector)),
            vector=vector,
            depth=sought.depth,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                places = await self.store.search(asked)
        except TimeoutError as error:
            raise VectorStoreUnavailable(self.store.name, "no answer in time") from error
        if not places:
            return sought  # it may have lost what it held
        documents, ordinals = [each[0] for each in places], [each[1] for each in places]
        return replace(sought, proposed=Proposed(documents, ordinals))

    async def _is_whole(self, subject: Subject, store: VectorStore) -> bool:
        async with self.database.pipelined(subject) as connection:
            cursor = await connection.execute(WHOLE, (store.name,))
        return await cursor.fetchone() == (True,)


def _compared(ground: Ground) -> bool:
    """Whether PostgreSQL compares, whoever may be asked."""
    if ground.filtered is not None and ground.filtered <= FEW:
        return True  # these are compared as quickly as anybody is asked
    return ground.documents is not None and len(ground.documents) > MOST_NAMED
