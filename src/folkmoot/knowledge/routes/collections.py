"""REST endpoints for collections."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query

from folkmoot.db.work import Work
from folkmoot.http.access import TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit, PageWords
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.kit.ids import CollectionId
from folkmoot.kit.page import Asked, Page
from folkmoot.knowledge import access, collections
from folkmoot.knowledge.access import Rights
from folkmoot.knowledge.collections import Counts
from folkmoot.knowledge.errors import CollectionNotFound
from folkmoot.knowledge.ingesting import settling
from folkmoot.knowledge.levels import DefaultAccess
from folkmoot.knowledge.models import Collection
from folkmoot.knowledge.schemas import (
    CollectionCreate,
    CollectionRead,
    CollectionUpdate,
)
from folkmoot.knowledge.service import Knowledge

MISSING: Final = documented(CollectionNotFound)

Sort = Literal["created_at", "-created_at", "updated_at", "-updated_at", "name", "-name"]

Show = Annotated[
    Literal["readable", "managed"],
    Query(
        description="`managed`: those of which you say who reads and edits them, also where you may"
        " not do so yourself (`may_read`)."
    ),
]


def router(knowledge: Knowledge) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix="/collections", tags=["collections"], route_class=Idempotent)

    @routes.post(
        "",
        status_code=HTTPStatus.CREATED,
        dependencies=[require("collections:write")],
        responses=documented(TeamNotFound),
    )
    async def create_collection(data: CollectionCreate, work: OpenWork) -> CollectionRead:
        """Create a collection."""
        return await _read_one(work, await collections.create(work, data))

    @routes.get("", dependencies=[require("collections:read")])
    async def list_collections(
        work: OpenWork,
        q: PageWords = None,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
        show: Show = "readable",
    ) -> Page[CollectionRead]:
        """List collections, newest first unless asked otherwise."""
        asked = Asked(sort, limit, cursor)
        found = await collections.browse(work, asked, words=q, managed=show == "managed")
        return found.page(await read_all(work, found.rows))

    @routes.get("/{collection_id}", dependencies=[require("collections:read")], responses=MISSING)
    async def read_collection(
        collection_id: CollectionId, work: OpenWork, etags: Etags
    ) -> CollectionRead:
        """Read one collection; `pending_documents` is 0 when all are ready or failed."""
        shown = await _read_one(work, await collections.get(work, collection_id))
        etags.show(shown)
        return shown

    @routes.patch(
        "/{collection_id}", dependencies=[require("collections:write")], responses=MISSING
    )
    async def update_collection(
        collection_id: CollectionId, data: CollectionUpdate, work: OpenWork, etags: Etags
    ) -> CollectionRead:
        """Change a collection's name or description."""
        collection = await collections.hold_to_change(work, collection_id)
        etags.demand(await _read_one(work, collection))
        shown = await _read_one(work, await collections.update(work, collection, data))
        etags.show(shown)
        return shown

    @routes.delete(
        "/{collection_id}",
        status_code=HTTPStatus.NO_CONTENT,
        dependencies=[require("collections:write")],
        responses=MISSING,
    )
    async def delete_collection(collection_id: CollectionId, work: OpenWork, etags: Etags) -> None:
        """Delete a collection and everything in it. It is gone for searches at once."""
        collection = await collections.hold_to_change(work, collection_id)
        etags.demand(await _read_one(work, collection))
        await knowledge.jobs.forget(work, await collections.delete(work, collection))

    return routes


async def read_all(work: Work, rows: Sequence[Collection]) -> list[CollectionRead]:
    """Return collections as the API shows them."""
    ids = [row.id for row in rows]
    await settling.settle(work, ids)
    counted = await collections.counts(work, ids)
    rights = await access.rights(work, *rows)
    return [_read(row, counted.get(row.id, Counts()), rights[row.id]) for row in rows]


async def _read_one(work: Work, row: Collection) -> CollectionRead:
    return (await read_all(work, [row]))[0]


def _read(row: Collection, counts: Counts, rights: Rights) -> CollectionRead:
    return CollectionRead(
        id=row.id,
        name=row.name,
        description=row.description,
        scope=access.scope(row),
        default_access=DefaultAccess(row.default_access),
        may_read=rights.read,
        may_edit=rights.edit,
        may_share=rights.manage,
        team_id=row.team_id,
        documents=counts.documents,
        pending_documents=counts.pending,
        created_by=row.created_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
