"""Where requests are counted: at the edge by address, and by caller once it is known who that is.

`RateLimit-Limit`, `-Remaining` and `-Reset` are the three headers of
draft-ietf-httpapi-ratelimit-headers-03, which clients know; later drafts join them into one.
"""

import hashlib
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from folkmoot.http import problems
from folkmoot.http.limits.address import is_loopback, network_of
from folkmoot.http.limits.counters import Counters, Verdict
from folkmoot.http.limits.policy import Kind, LimitPolicy, Who, kind_of
from folkmoot.http.limits.store import Ask
from folkmoot.http.ports import Authenticator, Identifier, Person
from folkmoot.kit.errors import AppError, RateLimited
from folkmoot.kit.ids import UserId
from folkmoot.kit.subject import Subject

STATE: Final = "folkmoot.limits"


class TooManyRequests(RateLimited):
    """A limit is used up."""

    code = "rate_limited"

    def __init__(self, *, retry_after: int) -> None:
        super().__init__("Too many requests. Please wait a while.", retry_after=retry_after)


@dataclass(slots=True)
class State:
    """What is known of a limited request so far."""

    kind: Kind
    loopback: bool
    verdict: Verdict | None = None
    known: bool = False


class RateLimits:
    """Counts requests, and refuses those that are too many."""

    def __init__(self, policy: LimitPolicy, counters: Counters) -> None:
        self._policy = policy
        self._counters = counters

    def limits(self, kind: Kind) -> bool:
        """Tell whether anything limits such requests."""
        return self._policy.limits(kind)

    async def admit_address(self, state: State, scope: Scope) -> None:
        """Count a request for the address it comes from."""
        await self._take(state, ((Who.ADDRESS, network_of(scope)),))

    async def admit_caller(
        self, connection: HTTPConnection, user_id: UserId, subject: Subject | None
    ) -> None:
        """Count a request for its user, API key and organisation: once, however often it is asked.

        Raises:
            TooManyRequests: One of them has sent too many.
        """
        state = connection.scope.get(STATE)
        if not isinstance(state, State) or state.known:
            return
        state.known = True
        senders = [(Who.USER, str(user_id))]
        if subject is not None:
            senders.append((Who.ORGANIZATION, str(subject.org_id)))
            if subject.key_id is not None:
                senders.append((Who.KEY, str(subject.key_id)))
        await self._take(state, senders)

    async def _take(self, state: State, senders: "Senders") -> None:
        asks = list(self._asks(state, senders))
        if not asks:
            return
        verdict = await self._counters.take(asks)
        refused = verdict.retry_after is not None
        if state.verdict is None or refused or verdict.remaining < state.verdict.remaining:
            state.verdict = verdict
        if verdict.retry_after is not None:
            raise TooManyRequests(retry_after=verdict.retry_after)

    def _asks(self, state: State, senders: "Senders") -> Iterator[Ask]:
        for who, name in senders:
            for rate in self._policy.rates(state.kind, who, loopback=state.loopback):
                text = f"{state.kind} {who} {name} {rate.count}/{rate.seconds}"
                yield Ask(hashlib.blake2b(text.encode(), digest_size=16).digest(), rate)


Senders = tuple[tuple[Who, str], ...] | list[tuple[Who, str]]


class Gate:
    """The edge's part: counts addresses before a body is read, and adds the headers."""

    def __init__(self, app: ASGIApp, limits: RateLimits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = kind_of(scope) if scope["type"] == "http" else None
        if kind is None or not self._limits.limits(kind):
            await self._app(scope, receive, send)
            return
        state = scope[STATE] = State(kind, is_loopback(scope))

        def send_with_limits(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start" and state.verdict is not None:
                message["headers"] = [*message.get("headers", ()), *_headers(state.verdict)]
            return send(message)

        try:
            await self._limits.admit_address(state, scope)
        except AppError as error:
            answer = await problems.render(Request(scope), error)
            await answer(scope, receive, send_with_limits)
        else:
            await self._app(scope, receive, send_with_limits)


def counted(authenticate: Authenticator, limits: RateLimits) -> Authenticator:
    """Count whoever an authenticator lets in."""

    async def authenticate_and_count(connection: HTTPConnection) -> Subject:
        subject = await authenticate(connection)
        await limits.admit_caller(connection, subject.user_id, subject)
        return subject

    return authenticate_and_count


def counted_people(identify: Identifier, limits: RateLimits) -> Identifier:
    """Count people, in an organisation or in none."""

    async def identify_and_count(connection: HTTPConnection) -> Person:
        person = await identify(connection)
        await limits.admit_caller(connection, person.user_id, person.subject)
        return person

    return identify_and_count


def _headers(verdict: Verdict) -> Iterator[tuple[bytes, bytes]]:
    yield b"ratelimit-limit", b"%d" % verdict.limit
    yield b"ratelimit-remaining", b"%d" % verdict.remaining
    yield b"ratelimit-reset", b"%d" % verdict.reset
