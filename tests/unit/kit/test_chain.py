"""The hash chain tells every change to a log, and erasing from changing."""

import os
from collections.abc import Callable, Sequence

import msgspec
import pytest

from folkmoot.kit.chain import SALT_BYTES, Link, Verdict, digest, genesis, link, verify
from folkmoot.kit.ids import OrgId, RunId, new_id

GENESIS = genesis(OrgId(new_id()), RunId(new_id()))

Tamper = Callable[[list[Link]], list[Link]]


def chain(length: int = 6, head: bytes = GENESIS) -> list[Link]:
    """Return a log as the writer links it."""
    links = list[Link]()
    for seq in range(1, length + 1):
        salt, payload = os.urandom(SALT_BYTES), b'{"number":%d}' % seq
        head = link(head, seq, "said", seq * 10, digest(salt, payload))
        links.append(Link(seq, "said", seq * 10, payload, salt, None, head))
    return links


def erase(event: Link) -> Link:
    """Take an event's payload out, as it is meant to be done."""
    kept = digest(event.salt or b"", event.payload or b"")
    return msgspec.structs.replace(event, payload=None, salt=None, digest=kept)


def change(place: int, **values: object) -> Tamper:
    """Return a change of one event."""
    return lambda links: [
        *links[:place],
        msgspec.structs.replace(links[place], **values),
        *links[place + 1 :],
    ]


def forge(links: list[Link]) -> list[Link]:
    """Keep the old digest and put another text in front of it."""
    forged = msgspec.structs.replace(erase(links[2]), payload=b'{"number":666}')
    return [*links[:2], forged, *links[3:]]


def renumber(links: Sequence[Link]) -> list[Link]:
    return [msgspec.structs.replace(event, seq=seq) for seq, event in enumerate(links, 1)]


TAMPERINGS: dict[str, tuple[Tamper, int]] = {
    "payload": (change(2, payload=b"{}"), 3),
    "type": (change(2, type="heard"), 3),
    "time": (change(2, at_ms=31), 3),
    "salt": (change(2, salt=bytes(SALT_BYTES)), 3),
    "salt gone": (change(2, salt=None), 3),
    "payload gone": (change(2, payload=None), 3),
    "payload and salt gone": (change(2, payload=None, salt=None), 3),
    "digest forged": (change(2, payload=None, salt=None, digest=bytes(32)), 3),
    "payload in front of its old digest": (forge, 3),
    "hash": (change(2, hash=bytes(32)), 3),
    "hash of the last": (change(5, hash=bytes(32)), 6),
    "first removed": (lambda links: links[1:], 1),
    "first removed, renumbered": (lambda links: renumber(links[1:]), 1),
    "one removed": (lambda links: links[:3] + links[4:], 4),
    "one removed, renumbered": (lambda links: renumber(links[:3] + links[4:]), 4),
    "two swapped": (lambda links: [*links[:2], links[3], links[2], *links[4:]], 3),
    "two swapped, renumbered": (
        lambda links: renumber([*links[:2], links[3], links[2], *links[4:]]),
        3,
    ),
    "one twice": (lambda links: [*links[:3], links[2], *links[3:]], 4),
    "one inserted": (lambda links: renumber([*links[:3], chain()[3], *links[3:]]), 4),
    "last removed": (lambda links: links[:-1], 6),
    "all removed": (lambda _links: [], 1),
    "one appended": (lambda links: renumber([*links, links[-1]]), 7),
    "of another time": (lambda _links: chain(), 7),
    "of another run": (lambda _links: chain(head=genesis(OrgId(new_id()), RunId(new_id()))), 1),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_every_change_is_noticed_where_it_was_made(tampering: str) -> None:
    tamper, place = TAMPERINGS[tampering]
    links = chain()
    verdict = verify(Verdict(GENESIS), tamper(links))
    if verdict.intact:
        verdict.demand(len(links), links[-1].hash)
    assert not verdict.intact
    assert verdict.broken_at == place
    assert verdict.reason


def test_erasing_is_told_from_changing() -> None:
    links = chain()
    links[1], links[4] = erase(links[1]), erase(links[4])
    verdict = verify(Verdict(GENESIS), links)
    verdict.demand(len(links), links[-1].hash)
    assert (verdict.intact, verdict.events, verdict.erased) == (True, 6, 2)


def test_a_log_can_be_verified_page_by_page_and_no_further_than_its_fault() -> None:
    links = chain()
    verdict = verify(verify(Verdict(GENESIS), links[:3]), links[3:])
    assert (verdict.intact, verdict.events, verdict.head) == (True, 6, links[-1].hash)
    broken = verify(Verdict(GENESIS), change(1, at_ms=0)(links))
    assert verify(broken, links[2:]).events == 1


def test_the_same_text_in_another_place_has_another_hash() -> None:
    hashes = {
        link(head, seq, type_, at_ms, digest(salt, b"{}"))
        for head in (GENESIS, b"1" * 32)
        for seq in (1, 2)
        for type_ in ("a", "b")
        for at_ms in (1, 2)
        for salt in (b"1" * 16, b"2" * 16)
    }
    assert len(hashes) == 32
