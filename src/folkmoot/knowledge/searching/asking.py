"""From what somebody wants of a collection to the question that a search answers."""

from folkmoot.kit.ids import CollectionId
from folkmoot.knowledge.schemas import Manner
from folkmoot.knowledge.searching.ranking import Ranking
from folkmoot.knowledge.searching.retrieval import Asked


def asked(collection_id: CollectionId, query: str, k: int, manner: Manner) -> Asked:
    """Return a question to one collection."""
    return Asked(
        query=query,
        collection_ids=[collection_id],
        k=k,
        mode=manner.mode,
        filters=manner.filters,
        ranking=Ranking(
            rerank=manner.rerank,
            reword=manner.reword,
            half_life=manner.half_life_days,
            date_field=manner.date_field,
            mmr=manner.mmr,
            expand=manner.expand,
        ),
    )
