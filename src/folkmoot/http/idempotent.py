"""Routes whose POSTs can be sent twice."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID

import structlog
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from folkmoot.http import problems
from folkmoot.http.access import Requirement, caller, person, personal, platform, public
from folkmoot.http.access_log import chosen, template
from folkmoot.http.idempotency.answers import Answer
from folkmoot.http.idempotency.errors import IdempotencyKeyInvalid, IdempotencyKeyReused
from folkmoot.http.idempotency.fingerprint import EPILOGUE, Body, Fingerprint, is_multipart
from folkmoot.http.idempotency.keys import Key, Keys
from folkmoot.http.ports import ports_of
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject

HEADER: Final = "idempotency-key"
ATTEMPTS: Final = 4
PAUSE: Final = 0.5
"""Seconds between two attempts to keep an answer, or that there was one."""
PRINTABLE: Final = re.compile(r"[\x20-\x7e]{1,255}")
NOBODY: Final = Subject(OrgId(UUID(int=0)), UserId(UUID(int=0)))
"""Who has no account yet."""
PASSING: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
"""Refusals that say nothing of the request itself. They are not kept, nor are our failures."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Idempotent(APIRoute):
    """A route that heeds `Idempotency-Key`: `APIRouter(route_class=Idempotent)`."""

    def get_route_handler(self) -> Handler:
        """Return the route's handler; a request without the header goes straight on to it."""
        handle = super().get_route_handler()

        async def handle_once(request: Request) -> Response:
            text = request.headers.get(HEADER)
            keys = ports_of(request).idempotency
            if text is None or keys is None or request.method != "POST":
                return await handle(request)
            return await _once(keys, text, request, handle)

        return handle_once


async def _once(keys: Keys, text: str, request: Request, handle: Handler) -> Response:
    key = await _key(keys, text, request)
    fingerprint = Fingerprint(keys.secret, request)
    if is_multipart(request):
        return await _once_streamed(keys, key, fingerprint, request, handle)
    fingerprint.update(await request.body())
    finished = await keys.claim(key, fingerprint.digest())
    if finished is not None:
        return finished.answer.response()
    async with keys.held(key):
        response = await _rendered(request, handle)
    await _settle(keys, key, fingerprint, response)
    return response


async def _once_streamed(
    keys: Keys, key: Key, fingerprint: Fingerprint, request: Request, handle: Handler
) -> Response:
    """Answer a form, which is digested as it passes by: its files may be large."""
    body = Body(request.receive, fingerprint)
    finished = await keys.claim(key, None)
    if finished is not None:
        await body.drain(finished.answer.asked + EPILOGUE)
        if fingerprint.digest() != finished.fingerprint:
            raise IdempotencyKeyReused
        return finished.answer.response()
    async with keys.held(key):
        response = await _rendered(Request(request.scope, body.receive), handle)
        if response.status_code < HTTPStatus.BAD_REQUEST:
            await body.drain()
    await _settle(keys, key, fingerprint, response)
    return response


async def _settle(keys: Keys, key: Key, fingerprint: Fingerprint, response: Response) -> None:
    """Keep the answer, or free the key if it was none that may be repeated."""
    status = response.status_code
    refused_early = status >= HTTPStatus.BAD_REQUEST and fingerprint.streamed
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING or refused_early:
        await keys.release(key)
    else:
        await _keep(keys, key, fingerprint, response)


async def _keep(keys: Keys, key: Key, fingerprint: Fingerprint, response: Response) -> None:
    """Keep the answer of a request that has had its effect.

    Whatever is in the way, the client gets the answer this once and the key is not given back: a
    second request would repeat the effect.
    """
    digest, answer = fingerprint.digest(), Answer.of(response, asked=fingerprint.size)
    for attempt in range(ATTEMPTS):
        if attempt:
            await asyncio.sleep(PAUSE)
        try:
            if attempt == 0:
                await keys.keep(key, digest, answer)
            else:
                await keys.lose(key, digest)
        except (AppError, SQLAlchemyError) as error:
            log.warning("idempotency.answer_not_kept", error=type(error).__name__)
        else:
            return


async def _rendered(request: Request, handle: Handler) -> Response:
    """Return the answer also where it is a refusal; what nobody expected goes on."""
    try:
        return await handle(request)
    except Exception as error:  # the edge of the request
        response = await problems.rendered(request, error)
        if response is None:
            raise
        return response


async def _key(keys: Keys, text: str, request: Request) -> Key:
    subject = await _subject(request)
    scope = [request.method, template(request.scope)]
    if subject is NOBODY and request.client is not None:
        scope.append(request.client.host)  # strangers may choose the same
    return keys.key(subject, demand_valid(text), *scope)


async def _subject(request: Request) -> Subject:
    """Return who asks; a repeated answer is for nobody who might not ask the first time."""
    calls = [each.call for each in chosen(request.scope).dependant.dependencies]
    if public in calls:
        return NOBODY
    for demand in (personal, platform):
        if demand in calls:
            await demand(request)
            found = await person(request)
            return found.subject or replace(NOBODY, user_id=found.user_id)
    for call in calls:
        if isinstance(call, Requirement):
            await call(request)
    return await caller(request)


async def repeated(request: Request, subject: Subject) -> bool:
    """Bind a key to a request that is repeatable by itself; tell whether it has come before.

    For answers that are streamed and can be read again under a name of their own.

    Raises:
        IdempotencyKeyReused: The key belongs to another request.
    """
    text, keys = request.headers.get(HEADER), ports_of(request).idempotency
    if text is None or keys is None:
        return False
    fingerprint = Fingerprint(keys.secret, request)
    fingerprint.update(await request.body())
    key = keys.key(subject, demand_valid(text), request.method, template(request.scope))
    return await keys.note(key, fingerprint.digest())


def demand_valid(text: str) -> str:
    """Return a key that a client has chosen.

    Raises:
        IdempotencyKeyInvalid: It is empty, too long or not printable.
    """
    if PRINTABLE.fullmatch(text) is None:
        raise IdempotencyKeyInvalid
    return text
