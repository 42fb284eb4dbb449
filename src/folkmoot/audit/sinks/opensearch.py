"""OpenSearch, by its `_bulk` API."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import msgspec

from folkmoot.audit.errors import SinkUnavailable
from folkmoot.audit.models import AuditEvent
from folkmoot.audit.sinks import documents, loading

if TYPE_CHECKING:
    import aiohttp

CONNECT: Final = 5.0
TOTAL: Final = 30.0
"""Seconds that a connection, and a whole request, may take."""
ATTEMPTS: Final = 4
"""Requests for one batch; afterwards the outbox waits longer."""
ANSWER_LIMIT: Final = 8 * 1024 * 1024
"""Bytes of an answer."""
REASON: Final = 300
"""Characters of a reason that are passed on."""
HEADERS: Final = {"Content-Type": "application/x-ndjson", "Accept-Encoding": "identity"}
KEPT: Final = {HTTPStatus.CREATED, HTTPStatus.OK, HTTPStatus.CONFLICT}
"""What it says of a document that it has, now or from an earlier time."""
PASSING: Final = {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}


class Fault(msgspec.Struct):
    """Why a document was not kept."""

    type: str = ""
    reason: str | None = None


class Outcome(msgspec.Struct):
    """What became of one document."""

    status: int
    error: Fault | None = None


class Item(msgspec.Struct):
    """The outcome, under the name of what was asked for."""

    create: Outcome


class Answer(msgspec.Struct):
    """What `_bulk` answers: an item for each document, in the same order."""

    items: list[Item]


@dataclass(frozen=True, slots=True)
class Left:
    """What a request has left over, why, and whether asking again may help."""

    events: Sequence[AuditEvent]
    reason: str = ""
    passing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSearch:
    """An index or data stream of an OpenSearch.

    Attributes:
        url: Where it is.
        index: What the documents are put into.
        user: Who it knows us as.
        password: The user's password.
        pause: Seconds before the second request for a batch; each further one waits twice as long.
    """

    url: str
    index: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    pause: float = 1.0

    @property
    def name(self) -> str:
        """Name the place, so that another one gets everything."""
        return f"opensearch {self._address}"

    @property
    def _address(self) -> str:
        return f"{self.url.rstrip('/')}/{self.index}"

    async def deliver(self, events: Sequence[AuditEvent]) -> None:
        """Have events kept; what it refuses for the moment is sent again a few times.

        Raises:
            SinkUnavailable: It is away, or does not take all of them.
        """
        left = Left(events)
        async with self._session() as session:
            for attempt in range(ATTEMPTS):
                if attempt:
                    await asyncio.sleep(self.pause * 2 ** (attempt - 1))
                left = await self._send(session, left.events)
                if not left.events or not left.passing:
                    break
        if left.events:
            raise SinkUnavailable(self.name, left.reason[:REASON])

    def _credentials(self) -> dict[str, str]:
        """Return what tells who we are (RFC 7617)."""
        if self.user is None:
            return {}
        pair = f"{self.user}:{self.password or ''}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _session(self) -> "aiohttp.ClientSession":
        library = loading.http_client()
        session: aiohttp.ClientSession = library.ClientSession(
            timeout=library.ClientTimeout(total=TOTAL, connect=CONNECT),
            headers=HEADERS | self._credentials(),
            trust_env=False,
        )
        return session

    async def _send(self, session: "aiohttp.ClientSession", events: Sequence[AuditEvent]) -> Left:
        try:
            async with session.post(
                f"{self._address}/_bulk", data=documents.bulk(events), allow_redirects=False
            ) as response:
                body = await _read(response)
        except (loading.http_client().ClientError, OSError) as error:  # time-outs among them
            return Left(events, str(error) or type(error).__name__)
        if response.status != HTTPStatus.OK:
            reason = f"it answers {response.status}: {body.decode(errors='replace')}"
            return Left(events, reason, passing=response.status in PASSING)
        return _left(events, body)


async def _read(response: "aiohttp.ClientResponse") -> bytes:
    body = bytearray()
    async for part in response.content.iter_any():
        body += part
        if len(body) > ANSWER_LIMIT:
            break  # and what is there is no JSON
    return bytes(body)


def _left(events: Sequence[AuditEvent], body: bytes) -> Left:
    """Tell which events are not kept."""
    try:
        items = msgspec.json.decode(body, type=Answer).items
    except msgspec.DecodeError as error:
        return Left(events, f"its answer makes no sense: {error}", passing=False)
    if len(items) != len(events):
        return Left(events, "its answer is of other documents", passing=False)
    outcomes = [item.create for item in items]
    left = [
        event for event, outcome in zip(events, outcomes, strict=True) if outcome.status not in KEPT
    ]
    refused = [outcome for outcome in outcomes if outcome.status not in KEPT]
    return Left(
        left,
        _reason(refused[0]) if refused else "",
        passing=all(outcome.status in PASSING for outcome in refused),
    )


def _reason(outcome: Outcome) -> str:
    fault = outcome.error or Fault()
    return f"{outcome.status} {fault.type}: {fault.reason or ''}"
