"""A process that tells what was used."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from folkmoot.db.work import Database
from folkmoot.settings.service import Settings
from using import Acting, acting_in


@pytest.fixture
def settings(database: Database) -> Settings:
    return Settings(database)


@pytest.fixture
async def acting(database: Database, settings: Settings) -> AsyncIterator[Acting]:
    async with AsyncExitStack() as stack:
        yield acting_in(stack, database, settings)
