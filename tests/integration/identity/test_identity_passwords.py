"""Changing passwords, and setting forgotten ones."""

import asyncio
import re
import time as real_time
from collections.abc import AsyncIterator

import httpx
import psycopg
import pytest
from sqlalchemy import func, select

from ending import end
from folkmoot.audit.models import AuditEvent
from folkmoot.db.work import Database
from folkmoot.identity.models import PasswordReset, User
from folkmoot.identity.service import Identity
from folkmoot.identity.sign_in import brake, resets
from folkmoot.identity.sign_in.recovery import Recovery
from folkmoot.identity.sign_in.refusals import Refusals
from folkmoot.jobs.queue import Queue
from folkmoot.kit.ids import new_id
from folkmoot.mail.carrier import Carrier
from folkmoot.mail.envelopes import Envelopes
from folkmoot.mail.errors import MailAway
from folkmoot.mail.smtp import MailServer
from identity_app import SECRET_KEY, Account, Clock, bearer, sign_in, subject_of, user_id_of
from posting import PostOffice, post_office

pytestmark = pytest.mark.anyio

CHANGE = "/api/v1/me/password"
FORGOTTEN = "/api/v1/auth/password-reset"
CONFIRM = f"{FORGOTTEN}/confirm"
TOKEN = "/api/v1/auth/token"
NEW = "staple battery horse correct"


@pytest.fixture
async def office() -> AsyncIterator[PostOffice]:
    async with post_office() as office:
        yield office


@pytest.fixture
async def _letters_are_sent(
    database: Database, app_address: str, office: PostOffice
) -> AsyncIterator[None]:
    async with Queue(app_address) as queue:
        recovering(database, office).register(queue)
        Refusals(database).register(queue)
        working = asyncio.create_task(queue.work(name="test", concurrency=1))
        yield
        await end(working)


def recovering(database: Database, office: PostOffice) -> Recovery:
    carrier = Carrier(
        database, MailServer(office.url, "folkmoot@example.org"), Envelopes(SECRET_KEY)
    )
    return Recovery(database, carrier, "https://folkmoot.example")


async def status(client: httpx.AsyncClient, account: Account, password: str) -> int:
    form = {"username": account["email"], "password": password}
    return (await client.post(TOKEN, data=form)).status_code


async def whoami(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/api/v1/me", headers=bearer(token))).status_code


async def forgotten(client: httpx.AsyncClient, office: PostOffice, account: Account) -> str:
    """Ask for a letter; return the secret in it."""
    answer = await client.post(FORGOTTEN, json={"email": account["email"]})
    assert answer.status_code == 202
    to, message = await office.letter()
    assert to == account["email"]
    found = re.search(r"https://folkmoot.example/reset-password#(\S+)", message.get_content())
    assert found is not None
    return found[1]


async def confirm(client: httpx.AsyncClient, token: str, password: str = NEW) -> httpx.Response:
    return await client.post(CONFIRM, json={"token": token, "new_password": password})


async def until_done(database: Database) -> None:
    """Wait until no job is left."""
    async with asyncio.timeout(60), database.unscoped() as connection:
        while True:
            if not await (await connection.execute("SELECT FROM procrastinate_jobs")).fetchall():
                return
            await asyncio.sleep(0.02)


async def actions(database: Database, account: Account) -> list[str]:
    async with database.work(subject_of(account)) as work:
        found = select(AuditEvent.action).order_by(AuditEvent.seq)
        return list((await work.session.scalars(found)).all())


@pytest.mark.core
async def test_a_new_password_ends_everything_that_was_before_it(
    client: httpx.AsyncClient, identity: Identity, database: Database, grace: Account
) -> None:
    other, this = await sign_in(client, grace), await sign_in(client, grace)
    link = await identity.issue_sign_in_link(user_id_of(grace))
    answer = await client.post(
        CHANGE,
        json={"current_password": grace["password"], "new_password": NEW},
        headers=bearer(this["access_token"]),
    )
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    for old in (other, this):
        assert await whoami(client, old["access_token"]) == 401
        body = {"refresh_token": old["refresh_token"]}
        assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 401
    assert (await client.post("/api/v1/auth/console", json={"link": link})).status_code == 401
    assert await whoami(client, answer.json()["access_token"]) == 200
    body = {"refresh_token": answer.json()["refresh_token"]}
    assert (await client.post("/api/v1/auth/refresh", json=body)).status_code == 200
    assert await status(client, grace, grace["password"]) == 401
    assert await status(client, grace, NEW) == 200
    assert "password.changed" in await actions(database, grace)


async def test_the_console_goes_on_with_its_cookie(
    client: httpx.AsyncClient, grace: Account
) -> None:
    ours = {"X-Requested-With": "folkmoot-console"}
    body = {"email": grace["email"], "password": grace["password"]}
    token = (await client.post("/api/v1/auth/console", json=body)).json()["access_token"]
    answer = await client.post(
        CHANGE,
        json={"current_password": grace["password"], "new_password": NEW},
        headers=bearer(token, **ours),
    )
    assert answer.json()["refresh_token"] is None
    refreshed = await client.post("/api/v1/auth/console/refresh", headers=ours)
    assert await whoami(client, refreshed.json()["access_token"]) == 200


async def test_whoever_does_not_know_the_password_does_not_change_it(
    client: httpx.AsyncClient, grace: Account
) -> None:
    headers = bearer((await sign_in(client, grace))["access_token"])
    wrong = {"current_password": "a guess", "new_password": NEW}
    for _ in range(brake.ATTEMPTS):
        answer = await client.post(CHANGE, json=wrong, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    answer = await client.post(CHANGE, json=wrong, headers=headers)
    assert answer.status_code == 429


async def test_a_key_does_not_change_the_password_of_whom_it_acts_for(
    client: httpx.AsyncClient, grace: Account
) -> None:
    token = (await sign_in(client, grace))["access_token"]
    made = await client.post("/api/v1/api-keys", json={"name": "k"}, headers=bearer(token))
    answer = await client.post(
        CHANGE,
        json={"current_password": grace["password"], "new_password": NEW},
        headers=bearer(made.json()["key"]),
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "person_needed")


async def test_the_address_is_no_password(
    client: httpx.AsyncClient, identity: Identity, office: PostOffice, grace: Account
) -> None:
    headers = bearer((await sign_in(client, grace))["access_token"])
    for guess in (grace["email"].upper(), f" {grace['email']}"):
        body = {"current_password": grace["password"], "new_password": guess}
        answer = await client.post(CHANGE, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "password_refused")
    person = {"email": "longer.name@example.org", "password": "longer.name", "name": "L"}
    refused = await client.post("/api/v1/auth/register", json=person)
    assert refused.json()["code"] == "password_refused"
    await recovering(identity.database, office).send(user_id=grace["id"], request_id=str(new_id()))
    _, message = await office.letter()
    token = message.get_content().partition("#")[2].split()[0]
    assert (await confirm(client, token, grace["email"])).json()["code"] == "password_refused"
    assert (await confirm(client, token)).status_code == 204


@pytest.mark.core
@pytest.mark.usefixtures("_letters_are_sent")
async def test_a_forgotten_password_is_set_anew_once_with_what_the_letter_holds(
    client: httpx.AsyncClient, office: PostOffice, database: Database, grace: Account
) -> None:
    before = await sign_in(client, grace)
    token = await forgotten(client, office, grace)
    assert (await confirm(client, token)).status_code == 204
    assert await whoami(client, before["access_token"]) == 401
    assert await status(client, grace, grace["password"]) == 401
    assert await status(client, grace, NEW) == 200
    replayed, unknown = await confirm(client, token), await confirm(client, "fm_reset_unknown")
    assert replayed.json() == unknown.json()
    assert (replayed.status_code, replayed.json()["code"]) == (401, "password_reset_expired")
    assert "password.reset" in await actions(database, grace)


@pytest.mark.usefixtures("_letters_are_sent")
async def test_whoever_was_locked_out_gets_in_with_a_new_password(
    client: httpx.AsyncClient, office: PostOffice, grace: Account
) -> None:
    tries = [await status(client, grace, "a guess") for _ in range(brake.ATTEMPTS + 1)]
    assert tries[-1] == 429
    assert (await confirm(client, await forgotten(client, office, grace))).status_code == 204
    assert await status(client, grace, NEW) == 200


@pytest.mark.usefixtures("_letters_are_sent")
async def test_a_letter_counts_for_an_hour(
    client: httpx.AsyncClient, office: PostOffice, grace: Account, time: Clock
) -> None:
    late = await forgotten(client, office, grace)
    time.pass_by(minutes=61)
    assert (await confirm(client, late)).status_code == 401


@pytest.mark.usefixtures("_letters_are_sent")
async def test_of_several_letters_the_first_that_is_used_ends_them_all(
    client: httpx.AsyncClient, office: PostOffice, grace: Account
) -> None:
    first = await forgotten(client, office, grace)
    second = await forgotten(client, office, grace)
    assert (await confirm(client, first)).status_code == 204
    assert (await confirm(client, second)).status_code == 401


@pytest.mark.usefixtures("_letters_are_sent")
async def test_of_two_who_use_a_letter_at_once_one_succeeds(
    client: httpx.AsyncClient, office: PostOffice, grace: Account
) -> None:
    token = await forgotten(client, office, grace)
    answers = await asyncio.gather(*(confirm(client, token) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [204, 401, 401, 401]


async def test_nobody_s_mailbox_is_flooded(
    database: Database, office: PostOffice, grace: Account
) -> None:
    job = recovering(database, office)
    for _ in range(resets.AT_ONCE + 2):
        await job.send(user_id=grace["id"], request_id=str(new_id()))
    assert len(office.letters) == resets.AT_ONCE


async def test_what_was_not_sent_does_not_count(
    database: Database, office: PostOffice, grace: Account
) -> None:
    office.answers["MAIL"] = "451 later"
    with pytest.raises(MailAway):
        await recovering(database, office).send(user_id=grace["id"], request_id=str(new_id()))
    async with database.personal_work(user_id_of(grace)) as work:
        kept = select(func.count()).select_from(PasswordReset)
        assert await work.session.scalar(kept) == 0


async def test_after_an_hour_nobody_waits_for_a_letter(
    database: Database, office: PostOffice, grace: Account, time: Clock
) -> None:
    asked = str(new_id())
    time.pass_by(minutes=61)
    await recovering(database, office).send(user_id=grace["id"], request_id=asked)
    assert office.connections == 0


async def test_no_table_holds_what_lets_somebody_in(
    client: httpx.AsyncClient,
    database: Database,
    superuser_address: str,
    office: PostOffice,
    grace: Account,
) -> None:
    office.answers["MAIL"] = "451 later"
    await client.post(FORGOTTEN, json={"email": grace["email"]})
    with psycopg.connect(superuser_address) as connection:
        rows = connection.execute("SELECT args::text FROM procrastinate_jobs").fetchall()
    assert len(rows) == 1
    assert "fm_reset" not in str(rows)
    assert grace["email"] not in str(rows)


async def test_asking_looks_the_same_whether_or_not_there_is_such_an_account(
    client: httpx.AsyncClient,
    office: PostOffice,
    database: Database,
    superuser_address: str,
    grace: Account,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(brake, "ATTEMPTS", 1_000)
    spent = {grace["email"]: float("inf"), "nobody@example.org": float("inf")}
    answers: list[tuple[int, str]] = []
    for attempt in range(100):  # a busy machine only ever adds to the quickest
        for email, least in spent.items():
            began = real_time.perf_counter()
            answer = await client.post(FORGOTTEN, json={"email": email})
            spent[email] = min(least, real_time.perf_counter() - began)
            answers.append((answer.status_code, answer.text))
        if attempt >= 9 and max(spent.values()) - min(spent.values()) < 0.010:
            break
    assert len(set(answers)) == 1
    assert max(spent.values()) - min(spent.values()) < 0.010
    with psycopg.connect(superuser_address) as connection:
        rows = connection.execute("SELECT args FROM procrastinate_jobs").fetchall()
    assert len(rows) == len(answers)
    for (ids,) in rows:
        await recovering(database, office).send(**ids)
    assert {to for to, _ in office.letters} == {grace["email"]}


async def test_letters_that_are_asked_for_too_often_have_to_wait(
    client: httpx.AsyncClient, grace: Account
) -> None:
    for email in (grace["email"], "nobody@example.org"):
        for _ in range(brake.ATTEMPTS):
            assert (await client.post(FORGOTTEN, json={"email": email})).status_code == 202
        assert (await client.post(FORGOTTEN, json={"email": email})).status_code == 429
    await sign_in(client, grace)


async def test_of_a_sign_in_and_a_change_at_once_no_session_with_the_old_password_is_left(
    client: httpx.AsyncClient, identity: Identity, grace: Account
) -> None:
    token = (await sign_in(client, grace))["access_token"]
    form = {"username": grace["email"], "password": grace["password"]}
    change = client.post(
        CHANGE,
        json={"current_password": grace["password"], "new_password": NEW},
        headers=bearer(token),
    )
    changed, *tries = await asyncio.gather(
        change, *(client.post(TOKEN, data=form) for _ in range(6))
    )
    assert changed.status_code == 200
    identity.authenticator.forget(user_id_of(grace))
    got_in = [each.json()["access_token"] for each in tries if each.status_code == 200]
    assert [await whoami(client, each) for each in got_in] == [401] * len(got_in)


@pytest.mark.usefixtures("_letters_are_sent")
async def test_failures_and_successes_stand_in_the_trail_of_whom_they_are_about(
    client: httpx.AsyncClient, database: Database, grace: Account
) -> None:
    assert await status(client, grace, "a guess") == 401
    await until_done(database)
    assert (await actions(database, grace))[-1] == "session.refused"
    pair = await sign_in(client, grace)
    await client.post("/api/v1/auth/logout", headers=bearer(pair["access_token"]))
    assert (await actions(database, grace))[-2:] == ["session.started", "session.revoked"]


async def test_an_account_that_was_deleted_gets_no_letter_and_no_new_password(
    client: httpx.AsyncClient, database: Database, office: PostOffice, grace: Account
) -> None:
    job = recovering(database, office)
    await job.send(user_id=grace["id"], request_id=str(new_id()))
    _, message = await office.letter()
    token = message.get_content().partition("#")[2].split()[0]
    async with database.personal_work(user_id_of(grace)) as work:
        user = (await work.session.scalars(select(User))).one()
        user.deleted_at = user.created_at
    await job.send(user_id=grace["id"], request_id=str(new_id()))
    assert office.letters == []
    assert (await confirm(client, token)).json()["code"] == "password_reset_expired"
