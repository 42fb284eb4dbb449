"""Listening on a port."""

import os

import pytest

from folkmoot.http.server import handed_over, listen


def test_a_port_that_is_taken_is_not_listened_on_twice() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])


def test_no_child_process_keeps_the_port() -> None:
    with listen("127.0.0.1", 0) as first:
        assert not first.get_inheritable()


def test_a_socket_that_was_handed_over_goes_no_further() -> None:
    with listen("127.0.0.1", 0) as first:
        handle = os.dup(first.fileno())
        os.set_inheritable(handle, True)
        with handed_over(handle) as taken:
            assert not taken.get_inheritable()
            assert taken.getsockname() == first.getsockname()
