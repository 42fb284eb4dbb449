"""Connections to providers whose answers do not end as they should."""

import asyncio
import gc
import warnings

from folkmoot.llm.config import Timeouts
from folkmoot.llm.connection.deadline import Deadline
from folkmoot.llm.connection.transport import Call, Transport

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
WITHOUT_LAST_CHUNK = HEAD + b"e\r\ndata: [DONE]\n\n\r\n"


async def _leave_an_answer_that_is_whole_but_not_over() -> None:
    over = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(WITHOUT_LAST_CHUNK)
        await reader.read()
        writer.close()
        await writer.wait_closed()
        over.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        transport = Transport(Timeouts())
        port = server.sockets[0].getsockname()[1]
        body = await transport.open(Call("m", f"http://127.0.0.1:{port}/"), Deadline(10))
        assert await body.read() == b"data: [DONE]\n\n"
        body.close(whole=True)
        await transport.aclose()
        await over.wait()


def test_closing_cuts_an_answer_whose_end_never_came() -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        asyncio.run(_leave_an_answer_that_is_whole_but_not_over())
        gc.collect()
    assert [str(warning.message) for warning in told] == []
