"""Attachments on their way out of a conversation and into another one, within files of JSON.

A file carries as much as can be brought in again with it. Of the rest it says what it was, and
whoever it belonged to finds it again where it still is.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text

from folkmoot.conversations.attaching.keeping import Attachments, Given, Reference, reference
from folkmoot.conversations.attaching.looking import LARGEST, named
from folkmoot.conversations.attaching.models import Attachment
from folkmoot.conversations.errors import ImportInconsistent
from folkmoot.conversations.models import Conversation, Message
from folkmoot.conversations.schemas import ImportedAttachment, ImportedMessage
from folkmoot.db.work import Work
from folkmoot.kit.ids import new_id
from folkmoot.kit.subject import Subject

MOST: Final = 20
"""Files that one export carries: each document is read anew where it is brought in."""

MOST_BYTES: Final = LARGEST
"""What they have together; in base64, and with what was said, it has to fit into a request."""

REFER: Final = text("""
INSERT INTO message_attachments (org_id, conversation_id, message_id, attachment_id, user_id)
SELECT a.org_id, CAST(:conversation_id AS uuid), r.m, a.id, a.user_id
FROM unnest(CAST(:messages AS text[]), CAST(:attached AS uuid[])) AS r (m, a)
JOIN attachments AS a ON a.org_id = :org_id AND a.user_id = :user_id AND a.id = r.a AND NOT a.loose
ON CONFLICT DO NOTHING
""")


@dataclass(slots=True)
class Packing:
    """What an export may still carry."""

    attachments: Attachments
    subject: Subject
    files: int = field(default=MOST, init=False)
    room: int = field(default_factory=lambda: MOST_BYTES, init=False)

    async def told(self, messages: Sequence[Message]) -> dict[str, list[Reference]]:
        """Return what came with messages, by their ids; with its bytes as far as there is room."""
        known = await self.attachments.own(
            self.subject, {each["id"] for message in messages for each in message.attachments or ()}
        )
        return {
            message.id: [
                each | await self._carried(known.get(each["id"])) for each in message.attachments
            ]
            for message in messages
            if message.attachments
        }

    async def _carried(self, found: Attachment | None) -> Reference:
        if found is None or self.files == 0 or found.size > self.room:
            return {}
        data = await self.attachments.whole(found)
        if data is None:
            return {}
        self.files -= 1
        self.room -= len(data)
        return {"data": (await asyncio.to_thread(b64encode, data)).decode()}


@dataclass(slots=True)
class Unpacking:
    """What an import brings along."""

    attachments: Attachments
    subject: Subject
    files: int = field(default=0, init=False)

    async def settled(self, messages: Sequence[ImportedMessage]) -> list[list[Reference]]:
        """Keep what messages bring along; return what each of them says of all.

        What is not in the file is what it was if it is the subject's own and still there. Of the
        rest stays that it was there, under an id that nothing has.

        Raises:
            ImportInconsistent: There is too much of it.
            AttachmentUnusable: Something of it can not be had.
        """
        carried = [each for message in messages for each in message.attachments if each.data]
        if len(carried) > MOST:
            detail = f"A file may bring along {MOST} attachments at the most."
            raise ImportInconsistent("/body/messages", detail)
        named_ids = {
            str(each.id) for message in messages for each in message.attachments if each.id
        }
        known = await self.attachments.own(self.subject, named_ids)
        kept: list[list[Reference]] = []
        for place, message in enumerate(messages):
            pointer = f"/body/messages/{place}/attachments"
            kept.append(
                [
                    await self._kept(each, known.get(str(each.id)), f"{pointer}/{number}")
                    for number, each in enumerate(message.attachments)
                ]
            )
        return kept

    async def _kept(
        self, each: ImportedAttachment, found: Attachment | None, pointer: str
    ) -> Reference:
        if each.data is not None:
            given = Given(f"{pointer}/data", data=each.data, name=each.name)
            (made,) = await self.attachments.settle(self.subject, [given])
            return made
        if found is not None:
            return reference(found)
        told: dict[str, Any] = each.model_dump(include={"media_type", "size"})
        name = self.attachments.filters.text(named(each.name))
        return {"id": str(new_id()), "name": name} | told


async def refer(
    work: Work, conversation: Conversation, attached: Sequence[tuple[str, Sequence[Reference]]]
) -> None:
    """Let messages of a conversation, by their ids, have what they say came with them."""
    pairs = [(message_id, each["id"]) for message_id, told in attached for each in told]
    if pairs:
        values = {
            "org_id": conversation.org_id,
            "conversation_id": conversation.id,
            "user_id": conversation.user_id,
            "messages": [message_id for message_id, _ in pairs],
            "attached": [attachment_id for _, attachment_id in pairs],
        }
        await work.session.execute(REFER, values)
