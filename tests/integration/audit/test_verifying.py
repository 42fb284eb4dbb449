"""Whatever is done to a trail behind the application's back, following the chain finds it."""

import psycopg
import pytest

from folkmoot.audit import verifying
from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject
from trailing import found_in, leave

pytestmark = pytest.mark.anyio

FIVE = ("a.made", "b.made", "c.made", "d.made", "e.made")
ERASED = "before = NULL, after = NULL, client_address = NULL, salt = NULL"
WHERE = "WHERE seq = 3"

SWAPPED = (
    "UPDATE audit_events SET seq = 9 WHERE seq = 3;"
    "UPDATE audit_events SET seq = 3 WHERE seq = 4;"
    "UPDATE audit_events SET seq = 4 WHERE seq = 9"
)

TAMPERED = {
    "an action": (f"UPDATE audit_events SET action = 'x' {WHERE}", 3, "changed"),
    "a moment": (f"UPDATE audit_events SET at_ms = at_ms + 1 {WHERE}", 3, "changed"),
    "an actor": (f"UPDATE audit_events SET actor_id = org_id {WHERE}", 3, "changed"),
    "a key": (f"UPDATE audit_events SET api_key_id = org_id {WHERE}", 3, "changed"),
    "a target": (f"UPDATE audit_events SET target_id = '4' {WHERE}", 3, "changed"),
    "a value": (f"UPDATE audit_events SET after = '{{}}' {WHERE}", 3, "changed"),
    "a request": (f"UPDATE audit_events SET request_id = 'x' {WHERE}", 3, "changed"),
    "an address": (f"UPDATE audit_events SET client_address = 'x' {WHERE}", 3, "changed"),
    "a digest of what is erased": (
        f"UPDATE audit_events SET {ERASED}, digest = '\\x00' {WHERE}",
        3,
        "changed",
    ),
    "an event in the middle": (f"DELETE FROM audit_events {WHERE}", 3, "missing"),
    "the first": ("DELETE FROM audit_events WHERE seq = 1", 1, "missing"),
    "the last": ("DELETE FROM audit_events WHERE seq = 5", 5, "ends too early"),
    "all of it": ("DELETE FROM audit_events", 1, "ends too early"),
    "two in each other's place": (
        SWAPPED,
        3,
        "changed",
    ),
    "the head": ("UPDATE audit_chains SET head = '\\x00'", 6, "ends too early"),
}


@pytest.mark.core
@pytest.mark.parametrize("what", TAMPERED)
async def test_what_was_changed_or_taken_away_is_found(
    what: str, database: Database, subject: Subject, superuser_address: str
) -> None:
    statement, place, reason = TAMPERED[what]
    await leave(database, subject, *FIVE)
    with psycopg.connect(superuser_address) as connection:
        connection.execute(statement.encode())
    verdict = (await found_in(database, subject)).verdict
    assert verdict.broken_at == place
    assert reason in (verdict.reason or "")


async def test_what_was_erased_leaves_the_chain_intact(
    database: Database, subject: Subject, superuser_address: str
) -> None:
    await leave(database, subject, *FIVE)
    with psycopg.connect(superuser_address) as connection:
        connection.execute(f"UPDATE audit_events SET {ERASED} {WHERE}".encode())
    verdict = (await found_in(database, subject)).verdict
    assert (verdict.intact, verdict.events, verdict.erased) == (True, 5, 1)


async def test_a_trail_without_events_is_intact(database: Database, subject: Subject) -> None:
    verdict = (await found_in(database, subject)).verdict
    assert (verdict.intact, verdict.events) == (True, 0)


async def test_a_long_trail_is_followed_page_by_page(
    database: Database, subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "PAGE", 2)
    await leave(database, subject, *FIVE)
    verdict = (await found_in(database, subject)).verdict
    assert (verdict.intact, verdict.events) == (True, 5)
