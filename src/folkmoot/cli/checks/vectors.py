"""The check of the vector store, where one is chosen."""

import asyncio

from folkmoot.cli.checks.finding import Finding, good, warning
from folkmoot.knowledge.errors import VectorStoreUnavailable
from folkmoot.knowledge.vector_stores.port import VectorStore


def vectors(store: VectorStore) -> Finding:
    """Check that the store answers; without it searches go by words."""
    try:
        asyncio.run(_ask(store))
    except VectorStoreUnavailable as error:
        remedy = "Check FOLKMOOT_VECTOR_STORE_URL, its key and the server; until then words count."
        return warning("vector store", f"{store.name}: {error.reason}", remedy)
    return good("vector store", f"{store.name} answers.")


async def _ask(store: VectorStore) -> None:
    try:
        await store.ping()
    finally:
        await store.aclose()
