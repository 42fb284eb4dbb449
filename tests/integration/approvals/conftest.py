"""A process whose agent can send letters."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest

from approving import AGENT, Post
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from talking import Platform, platform


@pytest.fixture
def post() -> Post:
    return Post()


Start = Callable[[], AbstractAsyncContextManager[Platform]]


@pytest.fixture
def process(
    app_address: str, writer_address: str, provider: FakeProvider, post: Post, subject: Subject
) -> Start:
    """How another process of the deployment is started."""
    return partial(
        platform,
        app_address,
        writer_address,
        provider,
        agents=[AGENT],
        tools=post.tools(),
        permissions=subject.permissions,
    )


@pytest.fixture
async def serving(process: Start) -> AsyncIterator[Platform]:
    async with process() as running:
        yield running


@pytest.fixture
async def second(process: Start) -> AsyncIterator[Platform]:
    async with process() as running:
        yield running
