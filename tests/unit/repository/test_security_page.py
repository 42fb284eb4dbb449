"""The page about security names tests that exist."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[3]
NAMED: Final = re.compile(r"`(?:tests/[\w/]+/)?(test_\w+\.py)`")


def test_every_test_that_the_page_names_is_there() -> None:
    named = NAMED.findall((ROOT / "docs" / "security.md").read_text(encoding="utf-8"))
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(named) > 30
    assert set(named) <= there
