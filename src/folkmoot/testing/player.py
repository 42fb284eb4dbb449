"""Playing one reply over one connection, faults included."""

import asyncio
from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from aiohttp import web

from folkmoot.testing.formats import Format
from folkmoot.testing.replies import Fault, Heard, Reply, Tokens

BURST: Final = 16  # tokens in one write when there is no delay between them
HUGE_LINE: Final = b"x" * 65536
HUGE_TIMES: Final = 4096


class Player:
    """Answers one request as its reply says."""

    def __init__(self, request: web.Request, form: Format, heard: Heard, reply: Reply) -> None:
        self._request = request
        self._form = form
        self._heard = heard
        self._reply = reply
        self._tokens = claimed(heard, reply)

    async def play(self) -> web.StreamResponse:
        """Answer, or do not: a fault may end the connection or never return."""
        reply = self._reply
        if reply.raw is not None or reply.status != HTTPStatus.OK:
            await asyncio.sleep(reply.first_delay)
            return self._at_once()
        if reply.fault is Fault.HANG and not reply.after:
            await asyncio.Event().wait()
        if reply.fault is Fault.CUT and not reply.after:
            self._tear()
            return web.Response()
        if not self._heard.stream:
            return await self._whole()
        return await self._stream()

    def _at_once(self) -> web.Response:
        reply = self._reply
        headers = {"Retry-After": reply.retry_after} if reply.retry_after else {}
        if reply.raw is not None:
            headers["Content-Type"] = reply.content_type or self._form.content_type
            return web.Response(body=reply.raw, status=reply.status, headers=headers)
        headers["Content-Type"] = "application/json"
        body = self._form.refusal(reply.status, reply.message)
        return web.Response(body=body, status=reply.status, headers=headers)

    async def _whole(self) -> web.Response:
        await asyncio.sleep(self._reply.first_delay + self._reply.delay * len(self._reply.text))
        body = self._form.whole(self._heard, self._reply, self._tokens)
        if body is None:
            status = HTTPStatus.BAD_REQUEST
            body = self._form.refusal(status, "The fake provider only streams this format.")
            return web.Response(body=body, status=status, content_type="application/json")
        return web.Response(body=body, content_type="application/json")

    async def _stream(self) -> web.StreamResponse:
        reply, writer = self._reply, self._form.writer(self._heard)
        response = web.StreamResponse(headers={"Content-Type": self._form.content_type})
        await response.prepare(self._request)
        opening = writer.opening(self._tokens)
        await asyncio.sleep(reply.first_delay)
        if opening:
            await response.write(opening)
        whole = reply.fault is None
        shown = reply.text if whole else reply.text[: reply.after]
        pieces = [*map(writer.reasoning, reply.reasoning), *map(writer.text, shown)]
        if whole:
            for index, use in enumerate(reply.uses):
                pieces += writer.use(index, use)
        await self._send(response, pieces)
        if reply.fault is not None:
            await self._go_wrong(response, reply.fault, writer.error(reply.message))
            return response
        await response.write(writer.closing(reply, self._tokens if reply.counts else None))
        await response.write_eof()
        return response

    async def _send(self, response: web.StreamResponse, pieces: list[bytes]) -> None:
        if self._reply.delay:
            for piece in pieces:
                await response.write(piece)
                await asyncio.sleep(self._reply.delay)
            return
        for burst in _bursts(pieces):
            await response.write(burst)

    async def _go_wrong(self, response: web.StreamResponse, fault: Fault, error: bytes) -> None:
        match fault:
            case Fault.HANG:
                await asyncio.Event().wait()
            case Fault.CUT:
                self._tear()
                return
            case Fault.BAD_JSON:
                await response.write(_broken(self._form))
            case Fault.ERROR:
                await response.write(error)
            case Fault.HUGE:
                await response.write(_broken(self._form).rstrip(b"\n"))
                for _ in range(HUGE_TIMES):
                    await response.write(HUGE_LINE)
            case Fault.END:
                pass
        await response.write_eof()

    def _tear(self) -> None:
        """End the connection without the last chunk of the body: half an answer."""
        if self._request.transport is not None:
            self._request.transport.close()


def claimed(heard: Heard, reply: Reply) -> Tokens:
    """Return what the reply claims to cost, or else an honest count."""
    if reply.tokens is not None:
        return reply.tokens
    reasoning = len(reply.reasoning)
    output = reasoning + len(reply.text) + sum(1 + len(use.arguments) // 8 for use in reply.uses)
    return Tokens(heard.characters // 4 + 1, output, reasoning=reasoning)


def _bursts(pieces: list[bytes]) -> Iterable[bytes]:
    for start in range(0, len(pieces), BURST):
        yield b"".join(pieces[start : start + BURST])


def _broken(form: Format) -> bytes:
    return b"{broken\n" if "ndjson" in form.content_type else b"data: {broken\n\n"
