"""What the provider writes into its answers, so that a client can tell how late each token is.

A token is `17@8123456789 `: its number within the answer and the moment it was written. Before the
first one stands `r@8123456000 `, the moment the request had been read. Moments are microseconds of
the monotonic clock, which all processes of a machine share.
"""

import re
import time
from dataclasses import dataclass
from typing import Final

MARK: Final = re.compile(rb"(\d+|r)@(\d+) ")
REQUEST_READ: Final = b"r"
OPENING: Final = b"[[tokens "
WISH: Final = re.compile(rb"\[\[tokens (\d+) every (\d+) ms(?: after (\d+) calls)?\]\]")
RESULT: Final = re.compile(rb'"role": ?"tool"')


def now() -> int:
    """Return the moment, in microseconds."""
    return time.monotonic_ns() // 1000


def token(number: int) -> bytes:
    """Return a token that is written now."""
    return b"%d@%d " % (number, now())


def request_read() -> bytes:
    """Return what tells that the request has been read now."""
    return b"%b@%d " % (REQUEST_READ, now())


@dataclass(frozen=True, slots=True)
class Wish:
    """What a question asks of the provider: tool calls, one after the other, and then an answer.

    Attributes:
        tokens: Length of the answer.
        interval: Milliseconds between two tokens.
        calls: Tool calls before it.
    """

    tokens: int
    interval: int
    calls: int = 0

    def __str__(self) -> str:
        after = f" after {self.calls} calls" if self.calls else ""
        return f"[[tokens {self.tokens} every {self.interval} ms{after}]]"


def wished(body: bytes) -> Wish:
    """Return the last wish in a request, less the calls whose results follow it.

    Raises:
        ValueError: there is none.
    """
    match = WISH.match(body, max(body.rfind(OPENING), 0))
    if match is None:
        raise ValueError(body[-200:])
    calls = int(match[3] or 0)
    made = len(RESULT.findall(body, match.end())) if calls else 0
    return Wish(int(match[1]), int(match[2]), calls - made)
