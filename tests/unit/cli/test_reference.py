"""The page about the command line says what the commands say."""

import cli_reference


def test_the_page_is_current() -> None:
    found = cli_reference.PAGE.read_text(encoding="utf-8")
    assert found == cli_reference.page(), "run `python tools/cli_reference.py`"
