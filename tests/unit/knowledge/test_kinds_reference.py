"""Docs and console name the kinds of files that are read."""

import kinds_reference


def test_docs_and_console_name_what_the_server_reads() -> None:
    hint = "run `python tools/kinds_reference.py`"
    assert kinds_reference.PAGE.read_text(encoding="utf-8") == kinds_reference.page(), hint
    assert kinds_reference.SOURCE.read_text(encoding="utf-8") == kinds_reference.source(), hint
