"""Going while something goes on, without a password, and from one place only."""

import asyncio
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from acting import Caller
from folkmoot.assembly import Parts
from folkmoot.audit import verifying
from folkmoot.identity.errors import FreshSignInNeeded, NotSignedIn, PlacesChanged
from folkmoot.identity.people import departing
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject
from folkmoot.runs import personal as run_data
from folkmoot.runs.errors import StillRunning
from folkmoot.runs.live import LiveRun
from identity_app import HERE
from infisical import infisical
from running import Running
from whole import chat, join, person, rows_with, shelf

pytestmark = pytest.mark.anyio

ME = "/api/v1/me"
JOBS = "SELECT task_name, args, scheduled_at - now() FROM procrastinate_jobs WHERE task_name = %s"


@pytest.fixture
async def grace(client: httpx.AsyncClient) -> Caller:
    return await person(client, "grace")


@pytest.fixture
async def linus(client: httpx.AsyncClient, grace: Caller) -> Caller:
    """A member of grace's organisation, whose own is deleted."""
    linus = await person(client, "linus")
    assert (await linus.ask("DELETE", f"/api/v1/organizations/{linus.place}")).status_code == 204
    await join(grace, linus)
    return linus


def user_id(who: Caller) -> UserId:
    return UserId(UUID(who.id))


def subject_of(who: Caller) -> Subject:
    return Subject(OrgId(UUID(who.place)), user_id(who))


async def go(who: Caller) -> httpx.Response:
    return await who.ask("DELETE", ME, {"password": "linus linus linus"})


class Endless:
    """Says something and goes on until it is cancelled; if it is stubborn, for longer."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self, run: LiveRun) -> None:
        run.announce("note.taken", {"text": "heronry"})
        self.begun.set()
        await asyncio.Event().wait()


async def test_a_run_that_streams_is_cancelled_and_its_log_erased(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    endless = Endless()
    parts.supervisor.register("endless", endless)
    running = Running(parts.database, parts.supervisor)
    run = await running.open(subject_of(linus), "endless", text="heronry")
    reader = asyncio.create_task(running.read(subject_of(linus), run.id).to_end())
    await endless.begun.wait()
    assert (await go(linus)).status_code == 202
    await parts.personal.erase(user_id=linus.id)
    assert re.search(rb"run.(cancelled|failed)", await reader)
    assert rows_with(superuser_address, "heronry") == {}
    verdict = await running.reader.verify(subject_of(linus), run.id)
    assert verdict.intact
    assert verdict.erased == verdict.events


async def test_what_does_not_come_to_its_end_is_waited_for_by_the_next_attempt(
    parts: Parts, linus: Caller, superuser_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "INSERT INTO processes (id, name, alive, started_at, lease_until)"
            " VALUES (%(p)s, 'elsewhere', true, now(), now() + interval '1 hour')",
            {"p": linus.id},
        )
        connection.execute(
            "INSERT INTO runs (org_id, id, user_id, kind, state, input, client_id, thread_id,"
            " fingerprint, attempt, process_id) VALUES"
            " (%(o)s, %(p)s, %(p)s, 'agent', 'running', '{}', 'c', 't', '', 1, %(p)s)",
            {"o": linus.place, "p": linus.id},
        )
    monkeypatch.setattr(run_data, "PATIENCE", 0.0)
    await go(linus)
    with pytest.raises(StillRunning):
        await parts.personal.erase(user_id=linus.id)
    with psycopg.connect(superuser_address) as connection:
        connection.execute("UPDATE runs SET state = 'cancelled', finished_at = now()")
    await parts.personal.erase(user_id=linus.id)
    assert rows_with(superuser_address, linus.email) == {}


async def test_a_document_that_waits_to_be_read_keeps_nobody(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    await shelf(linus, "Own", "A text.", scope="user")
    await go(linus)
    await parts.personal.erase(user_id=linus.id)  # its run was queued, and no worker is there
    with psycopg.connect(superuser_address) as connection:
        runs = connection.execute("SELECT state, erased_at IS NOT NULL FROM runs").fetchall()
    assert [erased for _, erased in runs] == [True]
    assert {state for state, _ in runs} <= {"failed", "cancelled"}


async def test_whoever_has_no_password_proves_it_by_signing_in(
    linus: Caller, superuser_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE users SET password_hash = NULL WHERE id = %(id)s", {"id": linus.id}
        )
    now = clock.now
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: now() + timedelta(minutes=11))
        refused = await linus.ask("DELETE", ME, {})
    assert (refused.status_code, refused.json()["code"]) == (403, "fresh_sign_in_needed")
    assert (await linus.ask("DELETE", ME, {})).status_code == 202


async def test_a_suspended_organisation_that_nobody_else_owns_goes_with_its_owner(
    parts: Parts, client: httpx.AsyncClient, grace: Caller, superuser_address: str
) -> None:
    eve, ada = await person(client, "eve"), await person(client, "ada")
    await join(eve, ada)
    suspend = "UPDATE organizations SET suspended_at = now() WHERE id = %s"
    gone = "SELECT deleted_at IS NOT NULL FROM organizations WHERE id = %s"
    with psycopg.connect(superuser_address) as connection:
        connection.execute(suspend, (eve.place,))
    erasure = {"password": "eve eve eve"}
    eve_anywhere = {name: text for name, text in eve.headers.items() if name == "Authorization"}
    answer = await client.request("DELETE", ME, json=erasure, headers=eve_anywhere)
    assert answer.status_code == 202, answer.text
    with psycopg.connect(superuser_address) as connection:
        assert connection.execute(gone, (eve.place,)).fetchone() == (True,)
        told = connection.execute(
            "SELECT action FROM audit_events WHERE org_id = %s ORDER BY seq", (eve.place,)
        ).fetchall()
    assert [action for (action,) in told][-2:] == ["account.erased", "organization.deleted"]
    assert (await verifying.verified(parts.database, subject_of(eve))).verdict.intact
    assert (await grace.ask("GET", ME)).status_code == 200


async def test_an_operator_lets_people_go_without_their_password(
    parts: Parts, linus: Caller
) -> None:
    await parts.identity.let_go(user_id(linus))
    assert (await linus.ask("GET", ME)).status_code == 401
    with pytest.raises(NotSignedIn):
        await parts.identity.let_go(user_id(linus))


async def test_a_credential_from_outside_is_no_proof_that_somebody_has_just_signed_in(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    with psycopg.connect(superuser_address) as connection:
        connection.execute(
            "UPDATE users SET password_hash = NULL WHERE id = %(id)s", {"id": linus.id}
        )
    with pytest.raises(FreshSignInNeeded):
        await parts.identity.part(user_id(linus), None, "somebody else's token", HERE)
    await parts.identity.let_go(user_id(linus))
    with pytest.raises(NotSignedIn):
        await parts.identity.part(user_id(linus), None, "somebody else's token", HERE)


async def test_a_place_that_comes_in_this_moment_is_not_lost_sight_of(
    parts: Parts, linus: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = departing._places
    seen: list[Any] = []

    async def changing(work: Any) -> Any:
        seen.append(await places(work))
        return seen[-1] if len(seen) == 1 else []

    monkeypatch.setattr(departing, "_places", changing)
    with pytest.raises(PlacesChanged):
        await parts.identity.let_go(user_id(linus))
    assert (await linus.ask("GET", ME)).status_code == 200


async def test_whoever_leaves_a_place_leaves_nothing_behind_there_after_a_while(
    parts: Parts, grace: Caller, linus: Caller, superuser_address: str
) -> None:
    await chat(linus, "What is a heronry?")
    await linus.ask("POST", "/api/v1/memories", {"text": "Counts in a heronry."})
    members = f"/api/v1/organizations/{grace.place}/members"
    assert (await grace.ask("DELETE", f"{members}/{linus.id}")).status_code == 204
    with psycopg.connect(superuser_address) as connection:
        stored = connection.execute(JOBS, ("identity.erase_left",)).fetchall()
    assert [args for _, args, _ in stored] == [{"user_id": linus.id, "org_id": grace.place}]
    assert timedelta(days=29) < stored[0][2] < timedelta(days=31)
    assert {"memories", "messages"} <= rows_with(superuser_address, "heronry").keys()
    await parts.personal.erase_left(user_id=linus.id, org_id=grace.place)
    assert rows_with(superuser_address, "heronry") == {}


async def test_whoever_is_back_by_then_keeps_everything(
    parts: Parts, grace: Caller, linus: Caller, superuser_address: str
) -> None:
    await chat(linus, "What is a heronry?")
    await linus.ask("POST", "/api/v1/memories", {"text": "Counts in a heronry."})
    before = rows_with(superuser_address, "heronry")
    members = f"/api/v1/organizations/{grace.place}/members"
    await grace.ask("DELETE", f"{members}/{linus.id}")
    await join(grace, linus)
    await parts.personal.erase_left(user_id=linus.id, org_id=grace.place)
    assert rows_with(superuser_address, "heronry").keys() == before.keys()


async def test_somebody_who_has_not_gone_is_not_erased(
    parts: Parts, linus: Caller, superuser_address: str
) -> None:
    await chat(linus, "What is a heronry?")
    before = rows_with(superuser_address, "heronry")
    await parts.personal.erase(user_id=linus.id)
    assert rows_with(superuser_address, "heronry") == before
    assert (await linus.ask("GET", ME)).status_code == 200


async def test_secrets_that_are_kept_elsewhere_go_although_their_rows_have(
    parts: Parts, linus: Caller, grace: Caller
) -> None:
    async with infisical() as fake:
        secrets = next(
            each.secrets for each in parts.personal.contributions if hasattr(each, "secrets")
        )
        secrets._elsewhere = fake.store()
        for who, scope in ((linus, "user"), (grace, "user"), (grace, "organization")):
            kept = {"name": "a_key", "value": "of a safe", "scope": scope}
            assert (await who.ask("POST", "/api/v1/secrets", kept)).status_code == 201
        assert len(fake.secrets) == 3
        await go(linus)
        await parts.personal.erase(user_id=linus.id, org_ids=linus.place)
        left = list(fake.secrets)
    assert len(left) == 2
    assert not [name for name in left if UUID(linus.id).hex in name]
