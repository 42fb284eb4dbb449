"""Our side of showing pages: a process for each, when it is somebody's turn."""

import asyncio
import tempfile
from dataclasses import dataclass
from typing import IO, Final

import msgspec

from folkmoot.blobs.store import BlobStore
from folkmoot.kit.ids import OrgId
from folkmoot.kit.turns import Turns
from folkmoot.knowledge.limits import Limits
from folkmoot.knowledge.parsing import frames, process
from folkmoot.knowledge.parsing.parsed import ParseFailed
from folkmoot.knowledge.viewing.asked import Found, Picture, Places
from folkmoot.knowledge.viewing.errors import PageNotShown, TooManyPages

CHILD: Final = "folkmoot.knowledge.viewing.child"
MOST_WAITING: Final = 32
"""Pages of one organisation: who leafs through a book looks at the last one."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of an answer; no picture of so few pixels has as many."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Shows pages of stored PDFs. Organisations take turns."""

    blobs: BlobStore
    limits: Limits
    turns: Turns[OrgId]

    async def picture(self, org_id: OrgId, key: str, asked: Picture) -> bytes:
        """Return a page as a picture.

        Raises:
            PageNotShown: It is damaged, or drawing it would cost more than the limits allow.
            TooManyPages: Too many others of the organisation wait.
            BlobNotFound: The file is no longer stored.
        """
        return await self._answer(org_id, key, asked)

    async def places(self, org_id: OrgId, key: str, asked: Places) -> Found:
        """Return where a passage stands on its page, or fail likewise."""
        return msgspec.json.decode(await self._answer(org_id, key, asked), type=Found)

    async def _answer(self, org_id: OrgId, key: str, asked: Picture | Places) -> bytes:
        if self.turns.waiting(org_id) >= MOST_WAITING:
            raise TooManyPages
        async with self.turns.place(org_id):
            # Without a name, so that nothing is left behind whatever becomes of this process.
            with tempfile.TemporaryFile() as file:
                await asyncio.to_thread(file.write, msgspec.json.encode(asked) + b"\n")
                await self.blobs.download(key, file)
                try:
                    return await _in_child(file, self.limits)
                except ParseFailed as failure:
                    raise PageNotShown(str(failure)) from None


async def _in_child(file: IO[bytes], limits: Limits) -> bytes:
    looking = await process.start(CHILD, file.fileno(), msgspec.json.encode(limits).decode())
    try:
        patience = process.START_SECONDS + limits.shown_seconds * process.QUIET_FACTOR
        async with asyncio.timeout(patience):
            letter, body = await process.frame(looking, MOST_BYTES)
            if letter == frames.UNCONFINED:
                letter, body = await process.frame(looking, MOST_BYTES)
    except TimeoutError:
        raise ParseFailed("Showing the page takes too long.") from None
    finally:
        await process.end(looking)
    if letter == frames.FAILURE:
        raise ParseFailed(msgspec.json.decode(body, type=str))
    return body
