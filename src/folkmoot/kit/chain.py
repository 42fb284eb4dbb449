"""The hash chain of a log.

It begins with the ids of what the log is of, so that none passes for another. Each link covers the
one before it, the event's place, type and time, and a salted digest of its payload. Whoever erases
personal data deletes payload and salt and keeps the digest: the chain still verifies, and the text
can no longer be guessed from its hash.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

import msgspec

SALT_BYTES: Final = 16


def genesis(*ids: UUID) -> bytes:
    """Return the head of a chain before its first event: of a run, of an organisation's trail."""
    return sha256(b"".join(each.bytes for each in ids)).digest()


def digest(salt: bytes, payload: bytes) -> bytes:
    """Return the salted digest of a payload (SHA-256)."""
    return sha256(salt + payload).digest()


def link(head: bytes, seq: int, type_: str, at_ms: int, payload_digest: bytes) -> bytes:
    """Return the chain's head after one more event."""
    place = b"%d\n%b\n%d\n" % (seq, type_.encode(), at_ms)
    return sha256(head + place + payload_digest).digest()


class Link(msgspec.Struct, frozen=True):
    """One event as verification needs it; an erased one has a digest and no payload."""

    seq: int
    type: str
    at_ms: int
    payload: bytes | None
    salt: bytes | None
    digest: bytes | None
    hash: bytes


@dataclass(slots=True)
class Verdict:
    """What verifying a chain found. `broken_at` is the first sequence number that does not fit."""

    head: bytes
    events: int = 0
    erased: int = 0
    broken_at: int | None = None
    reason: str | None = None

    @property
    def intact(self) -> bool:
        return self.broken_at is None

    def demand(self, events: int, head: bytes) -> None:
        """Compare with the length and head that were kept apart: nothing may be cut off."""
        if (self.events, self.head) != (events, head):
            self.broken_at, self.reason = self.events + 1, "the log ends too early"


def verify(verdict: Verdict, links: Iterable[Link]) -> Verdict:
    """Follow a chain over the next links; stops at the first that does not fit."""
    for event in links:
        if not verdict.intact:
            break
        _follow(verdict, event)
    return verdict


def _follow(verdict: Verdict, event: Link) -> None:
    expected = verdict.events + 1
    found = _digest_of(event)
    if event.seq != expected:
        verdict.broken_at, verdict.reason = expected, "an event is missing"
    elif found is None:
        verdict.broken_at, verdict.reason = event.seq, "the event has no digest"
    elif link(verdict.head, event.seq, event.type, event.at_ms, found) != event.hash:
        verdict.broken_at, verdict.reason = event.seq, "the event was changed"
    else:
        verdict.events, verdict.head = event.seq, event.hash
        verdict.erased += event.payload is None


def _digest_of(event: Link) -> bytes | None:
    if event.payload is None:
        return event.digest
    # A payload without its salt could be anything: only what was erased stands on its digest.
    return None if event.salt is None else digest(event.salt, event.payload)
