"""ETags (RFC 9110, section 8.8.3): read nothing twice, and overwrite nobody's change unseen.

A tag is made of what is shown, not of a row's time stamp: whatever an answer shows, a change of it
changes the tag, and two changes within one microsecond do, too.
"""

import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Final, TypeAlias, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from folkmoot.kit.errors import AppError

Shown = TypeVar("Shown", bound=BaseModel)

Expected: TypeAlias = Callable[[Shown], None]
"""Fails unless what is there now is what a change was meant for; called with the row locked."""

TAG: Final = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')
REVALIDATED: Final = "private, no-cache"
"""Kept by the client that asked, and asked for again each time."""


class PreconditionFailed(AppError):
    """Somebody else was faster: what the client has seen is not there any more."""

    code = "precondition_failed"
    status = HTTPStatus.PRECONDITION_FAILED

    def __init__(self) -> None:
        super().__init__("It has been changed since you read it. Read it again and try once more.")


class PreconditionRequired(AppError):
    """A change that could overwrite another one has to say what it is made to."""

    code = "precondition_required"
    status = HTTPStatus.PRECONDITION_REQUIRED

    def __init__(self) -> None:
        super().__init__("Send If-Match with the ETag of what you have read.")


def of(shown: BaseModel) -> str:
    """Return the strong tag of what is shown."""
    digest = hashlib.blake2b(shown.model_dump_json().encode(), digest_size=16)
    return f'"{digest.hexdigest()}"'


def matches(header: str, tag: str, *, weakly: bool = False) -> bool:
    """Tell whether a list of tags names this one; a weak one counts only where it may."""
    if header.strip() == "*":
        return True
    place = 0
    while (found := TAG.match(header, place)) is not None and place < len(header):
        if found[2] == tag and (weakly or not found[1]):
            return True
        place = found.end()
    return False


def anything(_current: BaseModel) -> None:
    """Expect nothing in particular."""


class Conditions:
    """What a request asks of the tag of what it names."""

    def __init__(self, request: Request, response: Response) -> None:
        self._headers = request.headers
        self._reads = request.method in {"GET", "HEAD"}
        self._response = response

    def show(self, shown: BaseModel) -> None:
        """Give the answer its tag; a reader who has it already gets 304 and no body."""
        tag = of(shown)
        self._response.headers["ETag"] = tag
        self._response.headers["Cache-Control"] = REVALIDATED
        if self.known(tag):
            self._response.status_code = HTTPStatus.NOT_MODIFIED

    def known(self, tag: str) -> bool:
        """Tell whether a reader has what this tag names."""
        wanted = self._headers.get("if-none-match")
        return self._reads and wanted is not None and matches(wanted, tag, weakly=True)

    def demand(self, current: BaseModel, *, required: bool = False) -> None:
        """Fail unless the client has seen what is there now; call it with the row locked.

        Args:
            current: What a reader would be shown now.
            required: Whether a change without `If-Match` is refused.

        Raises:
            PreconditionFailed: It names another tag.
            PreconditionRequired: It names none.
        """
        wanted = self._headers.get("if-match")
        if wanted is None:
            if required:
                raise PreconditionRequired
        elif not matches(wanted, of(current)):
            raise PreconditionFailed


Etags = Annotated[Conditions, Depends()]
"""For a route: `etags.show(answer)` when it reads, `etags.demand(current)` before it changes."""
