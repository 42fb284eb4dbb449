"""A provider in OpenAI's format that does nothing but write marked tokens, as cheaply as it can.

    python provider.py --port 9911

The provider for tests knows four formats and every fault, and takes as much of a processor as what
is to be measured. This one writes one prepared event after the other.
"""

import argparse
import asyncio
from typing import Final, cast

import httptools
import uvloop

from kit import marks

BURST: Final = 16
"""Tokens in one write when there is no time between them."""

STREAM: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
EVENT: Final = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":0,"model":"bench",'
    b'"choices":[{"index":0,"delta":{"content":"%b"},"logprobs":null,"finish_reason":null}],'
    b'"usage":null}\n\n'
)
END: Final = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":0,"model":"bench",'
    b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],"usage":null}\n\n'
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":0,"model":"bench",'
    b'"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":%d,"total_tokens":%d}}\n\n'
    b"data: [DONE]\n\n"
)
CALL: Final = (
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":0,"model":"bench",'
    b'"choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,'
    b'"id":"call_%d","type":"function","function":{"name":"calculator",'
    b'"arguments":"{\\"expression\\":\\"6 * 7\\"}"}}]},"logprobs":null,"finish_reason":null}],'
    b'"usage":null}\n\n'
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":0,"model":"bench",'
    b'"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"tool_calls"}],'
    b'"usage":null}\n\n'
    b'data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":0,"model":"bench",'
    b'"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":9,"total_tokens":10}}\n\n'
    b"data: [DONE]\n\n"
)
MODELS: Final = b'{"object":"list","data":[{"id":"bench","object":"model"}]}'


class Answer:
    """One answer on its way: writes a token when it is due, and waits while the reader is slow."""

    def __init__(self, transport: asyncio.Transport, tokens: int, interval: float) -> None:
        self._transport = transport
        self._tokens = tokens
        self._interval = interval
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()
        self._read = marks.request_read()
        self._written = 0
        self._paused = False
        self._over = False
        self._timer: asyncio.Handle | None = None

    def begin(self) -> None:
        """Write the first token at once, and with it when the request had been read."""
        self._transport.write(STREAM)
        self._more()

    def pause(self) -> None:
        self._paused = True

    def resume(self) -> None:
        self._paused = False
        if self._timer is None:
            self._more()

    def stop(self) -> None:
        """Write nothing more: the reader has gone."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _more(self) -> None:
        self._timer = None
        if self._paused or self._over:
            return
        burst = 1 if self._interval else BURST
        texts = [
            marks.token(number)
            for number in range(self._written, min(self._written + burst, self._tokens))
        ]
        self._written += len(texts)
        texts[0] = self._read + texts[0]
        self._read = b""
        events = _chunk(b"".join([EVENT % text for text in texts]))
        if self._written < self._tokens:
            self._transport.write(events)
            self._timer = self._schedule()
        else:
            self._over = True
            end = END % (self._tokens, self._tokens + 1)
            self._transport.write(events + _chunk(end) + b"0\r\n\r\n")

    def _schedule(self) -> asyncio.Handle:
        if not self._interval:
            return self._loop.call_soon(self._more)
        return self._loop.call_at(self._begun + self._written * self._interval, self._more)


class Connection(asyncio.Protocol):
    """A client's connection; its requests come one after the other."""

    def __init__(self) -> None:
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._body = bytearray()
        self._answer: Answer | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._transport is None:
            return
        if self._parser.get_method() == b"GET":
            head = (
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            )
            self._transport.write(head % len(MODELS) + MODELS)
            return
        wish = marks.wished(bytes(self._body))
        self._body.clear()
        if wish.calls > 0:
            self._transport.write(STREAM + _chunk(CALL % wish.calls) + b"0\r\n\r\n")
            return
        self._answer = Answer(self._transport, wish.tokens, wish.interval / 1000)
        self._answer.begin()

    def pause_writing(self) -> None:
        if self._answer is not None:
            self._answer.pause()

    def resume_writing(self) -> None:
        if self._answer is not None:
            self._answer.resume()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it
        if self._answer is not None:
            self._answer.stop()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def serve(port: int) -> None:
    """Serve on the loopback until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    uvloop.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
