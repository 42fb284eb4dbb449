"""One pool of connections to every provider. Failures of the network leave here as facts.

Answers are asked for uncompressed: a stream is smaller than its latency, and what is not inflated
can not be a bomb. Redirects are not followed: they would carry the key elsewhere.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal
from weakref import WeakSet

from folkmoot.kit import clock
from folkmoot.llm import loading
from folkmoot.llm.billing import metering
from folkmoot.llm.config import Timeouts
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.connection.refusals import refusal
from folkmoot.llm.errors import (
    ModelAnswerMalformed,
    ModelDeadlineExceeded,
    ModelError,
    ModelsClosed,
    ModelStreamCut,
    ModelTimedOut,
    ModelUnavailable,
)

if TYPE_CHECKING:
    import aiohttp

ANSWER_LIMIT: Final = 64 * 1024 * 1024  # bytes
REFUSAL_LIMIT: Final = 64 * 1024  # bytes
REFUSAL_PATIENCE: Final = 5.0  # seconds
LINGER: Final = 1.0  # seconds
SHORTEST_KEY: Final = 8  # a shorter one would be found in ordinary words
OK: Final = 200
HEADERS: Final = {"Accept-Encoding": "identity", "User-Agent": "folkmoot"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes over the wire; `model` names it in errors."""

    model: str
    url: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    method: Literal["GET", "POST"] = "POST"
    accept: str = "application/json"

    def without_key(self, text: str) -> str:
        """Return the text with the key of this call taken out; some providers repeat it."""
        for value in self.headers.values():
            key = value.removeprefix("Bearer ")
            if len(key) >= SHORTEST_KEY:
                text = text.replace(key, "[key]")
        return text


class Body:
    """The body of an answer while it arrives.

    One timer watches all reads. It is moved when it fires and not at every read, so that a read
    costs no timer.
    """

    __slots__ = (
        "_call", "_content", "_deadline", "_due", "_response", "_since", "_size", "_timeouts",
        "_timer",
    )  # fmt: skip

    def __init__(
        self,
        call: Call,
        response: "aiohttp.ClientResponse",
        timeouts: Timeouts,
        deadline: Deadline,
        asked_at: float,
    ) -> None:
        self._call = call
        self._response = response
        self._content = response.content
        self._timeouts = timeouts
        self._deadline = deadline
        self._due: float | None = asked_at + timeouts.first_token
        self._since: float | None = None  # when the read that is under way began
        self._size = 0
        self._timer = self._watch(self._pause())

    async def read(self) -> bytes:
        """Return whatever has arrived, waiting for at least one byte; b"" is the end.

        Raises:
            ModelError: too slow, too much, or cut.
        """
        now = clock.monotonic()
        if now >= self._deadline.end:
            raise ModelDeadlineExceeded(self._call.model, self._deadline.seconds)
        self._since = now
        try:
            data = await self._content.readany()
        except _broken() as error:
            raise ModelStreamCut(self._call.model) from error
        finally:
            self._since = None
        self._size += len(data)
        if self._size > ANSWER_LIMIT:
            raise ModelAnswerMalformed(self._call.model, "it is endless")
        return data

    def refuse_page(self) -> None:
        """Refuse a page for people, which proxies send with status 200.

        Raises:
            ModelAnswerMalformed: it is one.
        """
        if "html" in self._response.content_type:
            raise ModelAnswerMalformed(self._call.model, "it is a web page")

    def begin(self) -> None:
        """Say that the answer has begun: from now on the time-out for silence counts."""
        self._due = None
        self._timer.cancel()
        self._timer = self._watch(self._timeouts.idle)

    def close(self, *, whole: bool = False) -> None:
        """Give the connection back if the answer is whole, or cut it so that the provider stops.

        What ends the body comes a moment after what ends the answer: the connection goes back to
        the pool by itself when it has come, and is cut if it does not come.
        """
        self._timer.cancel()
        if self._content.at_eof():
            self._response.release()
        elif whole:
            asyncio.get_running_loop().call_later(LINGER, self._response.close)
        else:
            self._response.close()

    def _watch(self, seconds: float) -> asyncio.TimerHandle:
        pause = min(seconds, self._deadline.left())
        return asyncio.get_running_loop().call_later(pause, self._look)

    def _look(self) -> None:
        overdue = self._overdue()
        if overdue is not None:
            self._content.set_exception(overdue)
        elif self._deadline.left():  # afterwards the next read fails by itself
            self._timer = self._watch(self._pause())

    def _pause(self) -> float:
        now = clock.monotonic()
        if self._due is not None:
            return max(self._due - now, 0.01)
        return max((self._since or now) + self._timeouts.idle - now, 0.01)

    def _overdue(self) -> ModelError | None:
        """Tell what is wrong, if something is; a reader that does not read makes nothing late."""
        if self._since is None:
            return None
        if not self._deadline.left():
            return ModelDeadlineExceeded(self._call.model, self._deadline.seconds)
        now = clock.monotonic()
        if self._due is not None and now >= self._due:
            seconds = self._timeouts.first_token
            return ModelTimedOut(self._call.model, "the first token", seconds)
        if self._due is None and now >= self._since + self._timeouts.idle:
            return ModelTimedOut(self._call.model, "the next token", self._timeouts.idle)
        return None


class Transport:
    """Opens calls. Made without a loop; the pool comes to life with the first call."""

    def __init__(self, timeouts: Timeouts) -> None:
        self.timeouts = timeouts
        self._session: aiohttp.ClientSession | None = None
        self._responses: WeakSet[aiohttp.ClientResponse] = WeakSet()
        self._closed = False

    async def open(self, call: Call, deadline: Deadline) -> Body:
        """Send the request and return its answer once the headers say that it is one.

        Raises:
            ModelError: no connection, no answer in time, or a refusal.
        """
        asked_at = clock.monotonic()
        response = await self._send(call, deadline)
        self._responses.add(response)
        if response.status != OK:
            metering.refused()
            raise await _refused(call, response, deadline)
        return Body(call, response, self.timeouts, deadline, asked_at)

    async def fetch(self, call: Call, deadline: Deadline) -> bytes:
        """Send the request and return the whole body of its answer.

        Raises:
            ModelError: as `open`, or the body was cut or is endless.
        """
        body = await self.open(call, deadline)
        parts: list[bytes] = []
        try:
            body.refuse_page()
            while part := await body.read():
                parts.append(part)
        finally:
            body.close()
        metering.answered()
        return b"".join(parts)

    async def aclose(self) -> None:
        """Close the pool for good; calls that are under way fail."""
        self._closed = True
        # The session closes the sockets, but leaves the connections of what lingers to be told.
        for response in tuple(self._responses):
            response.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _send(self, call: Call, deadline: Deadline) -> "aiohttp.ClientResponse":
        if self._closed:
            raise ModelsClosed(call.model)
        patience = min(self.timeouts.first_token, deadline.left())
        limit = asyncio.timeout(patience)
        try:
            async with limit:
                return await self._pool().request(
                    call.method,
                    call.url,
                    data=call.body or None,
                    headers={**call.headers, "Accept": call.accept},
                    allow_redirects=False,
                )
        except loading.load(loading.CONNECTION_TIMEOUT):
            late = f"can not be reached within {self.timeouts.connect:g} s."
            raise ModelUnavailable(call.model, late) from None
        except TimeoutError:
            if not limit.expired():
                raise ModelUnavailable(call.model) from None
            if not deadline.left():
                raise ModelDeadlineExceeded(call.model, deadline.seconds) from None
            raise ModelTimedOut(call.model, "an answer", patience) from None
        except _broken() as error:
            raise ModelUnavailable(call.model, "can not be reached.") from error

    def _pool(self) -> "aiohttp.ClientSession":
        if self._session is None:
            library = loading.http_client()
            noting = library.TraceConfig()
            noting.on_request_headers_sent.append(_noted)
            session: aiohttp.ClientSession = library.ClientSession(
                connector=library.TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=60),
                timeout=library.ClientTimeout(total=None, connect=self.timeouts.connect),
                headers=HEADERS,
                cookie_jar=library.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                trace_configs=[noting],
            )
            self._session = session
        return self._session


async def _noted(*_told: object) -> None:
    """Note that a call is on its way; the library tells it in the task that makes the call."""
    metering.sent()


def _broken() -> tuple[type[Exception], ...]:
    """Return what a connection that breaks raises."""
    return (loading.http_client().ClientError, OSError)


async def _refused(
    call: Call, response: "aiohttp.ClientResponse", deadline: Deadline
) -> ModelError:
    """Read what the provider says about its refusal, but not for long."""
    said = b""
    try:
        async with asyncio.timeout(min(REFUSAL_PATIENCE, deadline.left())):
            while len(said) < REFUSAL_LIMIT and (part := await response.content.readany()):
                said += part
    except _broken():
        said = b""
    finally:
        response.close()
    readable = call.without_key(said.decode(errors="replace"))
    return refusal(call.model, response.status, response.headers, readable.encode())
