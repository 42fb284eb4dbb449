"""Listening on a port."""

import pytest

from folkmoot.http.server import listen


def test_a_port_that_is_taken_is_not_listened_on_twice() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])
