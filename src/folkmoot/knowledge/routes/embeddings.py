"""REST endpoint for the embedding model by which an organisation is searched."""

from fastapi import APIRouter, Request

from folkmoot.http.access import CurrentSubject, require
from folkmoot.http.ports import ports_of
from folkmoot.knowledge.service import Knowledge
from folkmoot.knowledge.switching import standing
from folkmoot.knowledge.switching.schemas import EmbeddingRead, UnembeddedRead
from folkmoot.knowledge.switching.standing import Told


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/embedding", tags=["search"])

    @routes.get("", dependencies=[require("documents:read")])
    async def read_embedding(request: Request, subject: CurrentSubject) -> EmbeddingRead:
        """Read by which model searches compare, and how far another one is.

        Documents are counted that you see. Everything is null or zero before the first one is read.
        """
        async with ports_of(request).database.work(subject) as work:
            told = await standing.told(work)
        if told is None:
            return EmbeddingRead()
        # It may look for keys, in the database or elsewhere: no connection is held meanwhile.
        silent = await standing.silent(knowledge.embedders, subject, told.model)
        return _read(told, silent)

    return routes


def _read(told: Told, silent: str | None) -> EmbeddingRead:
    return EmbeddingRead(
        model=told.model,
        dimensions=told.dimensions,
        error=silent,
        coming=told.coming,
        run_id=told.run_id,
        begun_at=told.begun_at,
        switched_at=told.switched_at,
        documents=told.counted.documents,
        embedded=told.counted.embedded,
        refused=told.counted.refused,
        unembedded=[
            UnembeddedRead(document_id=each.document_id, title=each.title, reason=each.reason)
            for each in told.refused
        ],
    )
