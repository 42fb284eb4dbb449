"""Links by which anybody may read a conversation."""

from http import HTTPStatus
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Response

from folkmoot.blobs.errors import BlobStoreUnavailable
from folkmoot.conversations import service, sharing
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.errors import (
    AttachmentNotFound,
    ConversationNotFound,
    NothingToShare,
    ShareNotFound,
    TooManyShares,
)
from folkmoot.conversations.models import Share
from folkmoot.conversations.routes.attachments import FILE, AttachmentName, served
from folkmoot.conversations.routes.shared import MISSING, ConversationName, new_router
from folkmoot.conversations.schemas import (
    ShareCreate,
    ShareCreated,
    SharedConversation,
    SharedMessage,
    ShareRead,
)
from folkmoot.http.access import PUBLIC, require
from folkmoot.http.deps import OpenWork, PageCursor, PageLimit
from folkmoot.http.etags import Etags
from folkmoot.http.problems import documented
from folkmoot.kit.ids import ShareId
from folkmoot.kit.page import Asked, Page

Sort = Literal["created_at", "-created_at"]
ShareName = Annotated[UUID, Path(description="The link's id; its token is no id.")]
Token = Annotated[
    str, Path(min_length=1, max_length=200, examples=["fm_share_0123456789"], description="It all.")
]
UNLISTED: Final = "noindex, nofollow"


def router(public_url: str) -> APIRouter:
    """Return the routes for whoever shares; `public_url` is where people reach the console."""
    routes = new_router()

    @routes.post(
        "/{conversation_id}/shares",
        dependencies=[require("conversations:write")],
        responses=documented(ConversationNotFound, NothingToShare, TooManyShares),
        status_code=HTTPStatus.CREATED,
    )
    async def share_conversation(
        conversation_id: ConversationName, data: ShareCreate, work: OpenWork
    ) -> ShareCreated:
        """Make a link by which anybody may read what a conversation shows now.

        What is said afterwards is not in it, nor are people's names, tools and what they returned,
        and passages of documents. Pictures and files that came with questions are.
        """
        conversation = await service.get(work, conversation_id, to_change=True)
        share, token = await sharing.create(work, conversation, data.days)
        url = f"{public_url}/shared#{token}"
        return ShareCreated(**dict(read_share(share)), token=token, url=url)

    @routes.get(
        "/{conversation_id}/shares",
        dependencies=[require("conversations:read")],
        responses=MISSING,
    )
    async def list_shares(
        conversation_id: ConversationName,
        work: OpenWork,
        cursor: PageCursor = None,
        limit: PageLimit = 20,
        sort: Sort = "-created_at",
    ) -> Page[ShareRead]:
        """List the links to a conversation, also those that are over."""
        found = await sharing.browse(work, conversation_id, Asked(sort, limit, cursor))
        return found.page([read_share(row) for row in found.rows])

    @routes.delete(
        "/{conversation_id}/shares/{share_id}",
        dependencies=[require("conversations:write")],
        responses=documented(ConversationNotFound, ShareNotFound),
        status_code=HTTPStatus.NO_CONTENT,
    )
    async def revoke_share(
        conversation_id: ConversationName, share_id: ShareName, work: OpenWork
    ) -> None:
        """Let a link count no more."""
        await sharing.revoke(work, conversation_id, ShareId(share_id))

    return routes


def public(attachments: Attachments) -> APIRouter:
    """Return the routes for whoever has a link."""
    routes = APIRouter(prefix="/shared", tags=["conversations"])

    @routes.get("/{token}", dependencies=[PUBLIC], responses=documented(ShareNotFound))
    async def read_shared(
        token: Token,
        etags: Etags,
        response: Response,
        cursor: PageCursor = None,
        limit: PageLimit = 100,
    ) -> SharedConversation:
        """Read a conversation that somebody has shared with whoever has this link."""
        found = await sharing.read(attachments.database, token, Asked("created_at", limit, cursor))
        shown = SharedConversation(
            title=found.share.title,
            shared_at=found.share.created_at,
            messages=[
                SharedMessage.model_validate(
                    {
                        "role": each.role,
                        "content": each.content,
                        "cut": each.cut,
                        "attachments": each.attachments or [],
                    }
                )
                for each in found.messages.rows
            ],
            next_cursor=found.messages.next_cursor,
        )
        response.headers["X-Robots-Tag"] = UNLISTED
        etags.show(shown)
        return shown

    @routes.get(
        "/{token}/attachments/{attachment_id}",
        dependencies=[PUBLIC],
        response_class=Response,
        responses={**documented(ShareNotFound, AttachmentNotFound, BlobStoreUnavailable), **FILE},
    )
    async def read_shared_attachment(
        token: Token, attachment_id: AttachmentName, etags: Etags
    ) -> Response:
        """Read a picture or a file of a conversation that somebody has shared."""
        found = await sharing.attached(attachments.database, token, attachment_id)
        answer = served(attachments, found, etags)
        answer.headers["X-Robots-Tag"] = UNLISTED
        return answer

    return routes


def read_share(share: Share) -> ShareRead:
    """Return a link as the API shows it, without what it is found by."""
    return ShareRead(
        id=share.id,
        title=share.title,
        created_at=share.created_at,
        expires_at=share.expires_at,
        revoked_at=share.revoked_at,
    )
