"""Documents that turns can search, without any that were read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from folkmoot.kit.ids import CollectionId, OrgId
from folkmoot.kit.subject import Subject
from folkmoot.tools.sources import Passage


@dataclass
class Library:
    """Documents to search: whatever the test puts on the shelf of an organisation."""

    shelves: dict[OrgId, list[Passage]] = field(default_factory=dict[OrgId, list[Passage]])
    asked: list[tuple[Subject, str, Sequence[CollectionId]]] = field(
        default_factory=list[tuple[Subject, str, Sequence[CollectionId]]]
    )
    modes: list[str] = field(default_factory=list[str])

    async def __call__(
        self,
        subject: Subject,
        query: str,
        collection_ids: Sequence[CollectionId],
        k: int,
        mode: str,
        before: Sequence[str] = (),
    ) -> Sequence[Passage]:
        self.modes.append(mode)
        self.asked.append((subject, query, collection_ids))
        return self.shelves.get(subject.org_id, [])[:k]
