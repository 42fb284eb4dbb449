"""REST endpoints for who may read and edit collections, and who may read a document."""

from typing import Final, Literal

from fastapi import APIRouter

from folkmoot.http.access import TeamNotFound, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.idempotent import Idempotent
from folkmoot.http.problems import documented
from folkmoot.identity.errors import MemberNotFound
from folkmoot.kit.ids import CollectionId, DocumentId
from folkmoot.kit.page import Asked, Page
from folkmoot.knowledge.errors import (
    CollectionNotFound,
    DocumentNotFound,
    LocksYouOut,
    NotYoursToShare,
    OwnStaysOwn,
)
from folkmoot.knowledge.sharing import collections, documents
from folkmoot.knowledge.sharing.schemas import (
    CollectionPermissions,
    CollectionPermissionsRead,
    DocumentPermissions,
    DocumentPermissionsRead,
)

Sort = Literal["created_at", "-created_at"]
REFUSED: Final = (NotYoursToShare, MemberNotFound, TeamNotFound, LocksYouOut)


def router() -> APIRouter:
    """Return the routes."""
    routes = APIRouter(tags=["permissions"], route_class=Idempotent)

    @routes.get(
        "/collections/{collection_id}/permissions",
        dependencies=[require("collections:read")],
        responses=documented(CollectionNotFound),
    )
    async def read_collection_permissions(
        collection_id: CollectionId, work: OpenWork, etags: Etags
    ) -> CollectionPermissionsRead:
        """Read who may read and edit a collection.

        Whoever reads it sees that; administrators see it also of those that they may not read.
        """
        shown = await collections.get(work, collection_id)
        etags.show(shown)
        return shown

    @routes.put(
        "/collections/{collection_id}/permissions",
        dependencies=[require("collections:write")],
        responses=documented(CollectionNotFound, *REFUSED, OwnStaysOwn),
    )
    async def change_collection_permissions(
        collection_id: CollectionId, data: CollectionPermissions, work: OpenWork, etags: Etags
    ) -> CollectionPermissionsRead:
        """Say anew who may read and edit a collection. It is recorded and counts at once.

        That is for its owner, its maker as long as they may edit it, whoever manages its team, and
        the organisation's administrators.
        """
        shown = await collections.change(work, collection_id, data, etags.demand)
        etags.show(shown)
        return shown

    @routes.get(
        "/collections/{collection_id}/restricted-documents",
        dependencies=[require("documents:read")],
        responses=documented(CollectionNotFound),
    )
    async def list_restricted_documents(
        collection_id: CollectionId,
        work: OpenWork,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[DocumentPermissionsRead]:
        """List the documents of a collection that only some may read, newest first.

        Administrators see all of them, by title and readers alone: also those that nobody reads any
        more since somebody has left. Others see what they read.
        """
        return await documents.browse(work, collection_id, Asked(sort, limit, cursor))

    @routes.get(
        "/documents/{document_id}/permissions",
        dependencies=[require("documents:read")],
        responses=documented(DocumentNotFound),
    )
    async def read_document_permissions(
        document_id: DocumentId, work: OpenWork, etags: Etags
    ) -> DocumentPermissionsRead:
        """Read who may read a document, of those who read its collection."""
        shown = await documents.get(work, document_id)
        etags.show(shown)
        return shown

    @routes.put(
        "/documents/{document_id}/permissions",
        dependencies=[require("documents:write")],
        responses=documented(DocumentNotFound, *REFUSED),
    )
    async def change_document_permissions(
        document_id: DocumentId, data: DocumentPermissions, work: OpenWork, etags: Etags
    ) -> DocumentPermissionsRead:
        """Say anew who may read a document. It is recorded and counts at once.

        That is for whoever may edit the collection and reads the document, and for those who
        manage the collection.
        """
        shown = await documents.change(work, document_id, data, etags.demand)
        etags.show(shown)
        return shown

    return routes
