"""Whoever is let at what, in whichever order: everybody finds what they may read, and only that.

`bench/readers` does the same ten thousand times.
"""

from pathlib import Path

import pytest

from folkmoot.kit.subject import Subject
from permitting import world

pytestmark = pytest.mark.anyio

CHANGES = 25
TRIALS = 4
"""After each change."""


async def test_everybody_finds_what_they_may_read_and_nothing_else(
    app_address: str, writer_address: str, tmp_path: Path, subject: Subject
) -> None:
    async with world(app_address, writer_address, tmp_path / "blobs", subject, 20261130) as place:
        for _ in range(CHANGES):
            await place.change()
            for _ in range(TRIALS):
                await place.trial()
        assert place.trials == CHANGES * TRIALS
