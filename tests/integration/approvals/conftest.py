"""A process whose agent can send letters."""

from collections.abc import AsyncIterator

import pytest

from approving import AGENT, Post
from folkmoot.kit.subject import Subject
from folkmoot.testing.provider import FakeProvider
from talking import Platform, platform


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
async def serving(
    app_address: str, writer_address: str, provider: FakeProvider, post: Post, subject: Subject
) -> AsyncIterator[Platform]:
    async with platform(
        app_address,
        writer_address,
        provider,
        agents=[AGENT],
        tools=post.tools(),
        permissions=subject.permissions,
    ) as running:
        yield running
