"""What models are shown of what came with messages: pictures as they are, documents as text.

A PDF is shown as it is to models that read such files, if nothing of it is to be kept from them.

A history holds references only. As much as there is room for is loaded for the turn, the newest
first; in the place of the rest stands that it was there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from folkmoot.agents.ports import ATTACHED, Opening
from folkmoot.conversations.attaching.keeping import Attachments
from folkmoot.conversations.attaching.models import Attachment
from folkmoot.kit.subject import Subject
from folkmoot.llm.billing import estimate
from folkmoot.llm.port import ChatMessage, FilePart, ImagePart, Part, TextPart

MOST: Final = 8
"""Attachments of earlier messages that are shown again."""

TOKENS: Final = 16_000
"""What they may take together where nothing else is said."""

LEFT_OUT: Final = "\n[{} came with this message and is not shown any more.]\n"
SCANNED: Final = "[A scan, of which nothing can be read here.]"
GONE: Final = "\n[What came with this message is gone.]\n"
DOCUMENT: Final = '\n<document name="{}">\n{}\n</document>\n'


@dataclass(frozen=True, slots=True)
class Showing:
    """Loads what the messages of a turn refer to."""

    attachments: Attachments

    async def __call__(
        self, subject: Subject, opening: Opening, room: int | None, *, files: bool
    ) -> Opening:
        """Return what a turn starts from with all that its model is shown."""
        wanted = [*opening.attached, *(part for each in opening.history for part in _of(each))]
        known = await self.attachments.own(subject, {_id(part) for part in wanted} - {""})
        asked = [await self._loaded(known.get(_id(part)), files=files) for part in opening.attached]
        left = min(TOKENS, (room or TOKENS * 4) // 4)
        count, history = MOST, list(opening.history)
        for place in range(len(history) - 1, -1, -1):
            shown: list[Part] = []
            for part in reversed(_of(history[place])):
                found = known.get(_id(part))
                left -= _size(found, files=files)
                count -= 1
                enough = left >= 0 and count >= 0
                loaded = self._loaded(found, files=files) if enough else None
                shown.append(_left_out(found) if loaded is None else await loaded)
            if shown:
                said = history[place].text
                whole = [*([TextPart(said)] if said else ()), *reversed(shown)]
                history[place] = msgspec.structs.replace(history[place], content=whole)
        return replace(opening, history=history, attached=asked)

    async def _loaded(self, found: Attachment | None, *, files: bool) -> Part:
        if found is None:
            return TextPart(GONE)
        as_file = files and found.readable
        if found.text is not None and not as_file:
            return TextPart(DOCUMENT.format(found.name, found.text or SCANNED))
        data = await self.attachments.whole(found)
        if data is None:
            return TextPart(GONE)
        if as_file:
            return FilePart(media_type=found.media_type, name=found.name, data=data)
        return ImagePart(media_type=found.media_type, data=data)


def _id(part: Part) -> str:
    """Return the id of what a reference refers to."""
    return (part.url or "").removeprefix(ATTACHED) if isinstance(part, ImagePart) else ""


def _of(message: ChatMessage) -> Sequence[ImagePart]:
    if isinstance(message.content, str):
        return ()
    return [part for part in message.content if isinstance(part, ImagePart)]


def _size(found: Attachment | None, *, files: bool) -> int:
    if found is None:
        return 0
    if files and found.readable:
        return estimate.file(found.size)
    return estimate.IMAGE if found.text is None else estimate.tokens(len(found.text))


def _left_out(found: Attachment | None) -> TextPart:
    return TextPart(GONE if found is None else LEFT_OUT.format(found.name))
