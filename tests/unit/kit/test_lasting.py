"""Background work that goes on after a failure."""

import asyncio

import pytest
from structlog.testing import capture_logs

from folkmoot.kit.lasting import lasting

pytestmark = pytest.mark.anyio


async def test_what_fails_begins_again_and_is_told_of() -> None:
    attempts = 0

    async def work() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise LookupError

    with capture_logs() as told:
        await lasting("sums", work, rest=0)
    assert attempts == 3
    assert [(each["event"], each["work"]) for each in told] == [("background.failed", "sums")] * 2


async def test_what_is_cancelled_ends() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(lasting("sums", work))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
