"""What the provider writes into its answers, so that a client can tell how late each token is.

A token is `17@8123456789 `: its number within the answer and the moment it was written. Before the
first one stands `r@8123456000 `, the moment the request had been read. Moments are microseconds of
the monotonic clock, which all processes of a machine share.
"""

import re
import time
from typing import Final

MARK: Final = re.compile(rb"(\d+|r)@(\d+) ")
REQUEST_READ: Final = b"r"
OPENING: Final = b"[[tokens "
WISH: Final = re.compile(rb"\[\[tokens (\d+) every (\d+) ms\]\]")


def now() -> int:
    """Return the moment, in microseconds."""
    return time.monotonic_ns() // 1000


def token(number: int) -> bytes:
    """Return a token that is written now."""
    return b"%d@%d " % (number, now())


def request_read() -> bytes:
    """Return what tells that the request has been read now."""
    return b"%b@%d " % (REQUEST_READ, now())


def wish(tokens: int, interval: int) -> str:
    """Return what a question has to contain for an answer of so many tokens, so many ms apart."""
    return f"[[tokens {tokens} every {interval} ms]]"


def wished(body: bytes) -> tuple[int, float]:
    """Return the last wish in a request: how many tokens, and the seconds between two.

    Raises:
        ValueError: there is none.
    """
    match = WISH.match(body, max(body.rfind(OPENING), 0))
    if match is None:
        raise ValueError(body[-200:])
    return int(match[1]), int(match[2]) / 1000
