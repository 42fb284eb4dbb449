"""Refresh tokens, their families, and the end of sessions."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import select, update

from folkmoot.identity.models import Session, User
from folkmoot.identity.service import Identity
from folkmoot.kit import clock
from identity_app import Account, Clock, bearer, sign_in, user_id_of

pytestmark = pytest.mark.anyio


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def whoami(client: httpx.AsyncClient, token: str) -> int:
    return (await client.get("/api/v1/me", headers=bearer(token))).status_code


@pytest.mark.core
async def test_a_refresh_token_gets_a_new_pair_again_and_again(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    pair = await sign_in(client, grace)
    seen = {pair["refresh_token"]}
    for _ in range(3):
        time.pass_by(minutes=10)
        answer = await refresh(client, pair["refresh_token"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        pair = answer.json()
        assert pair["refresh_token"] not in seen
        seen.add(pair["refresh_token"])
        assert await whoami(client, pair["access_token"]) == 200


async def test_of_many_refreshes_at_once_one_wins_and_the_session_ends(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    token = (await sign_in(client, grace))["refresh_token"]
    answers = await asyncio.gather(*(refresh(client, token) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7
    won = next(answer.json() for answer in answers if answer.status_code == 200)
    time.pass_by(seconds=5)
    assert await whoami(client, won["access_token"]) == 401
    assert (await refresh(client, won["refresh_token"])).status_code == 401


@pytest.mark.parametrize("later", [0, 1, 3600])
async def test_using_a_token_twice_ends_its_session(
    later: int, client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    stolen = await sign_in(client, grace)
    newest = (await refresh(client, stolen["refresh_token"])).json()
    time.pass_by(seconds=later)
    reused = await refresh(client, stolen["refresh_token"])
    assert (reused.status_code, reused.json()["code"]) == (401, "session_ended")
    assert (await refresh(client, newest["refresh_token"])).status_code == 401
    time.pass_by(seconds=5)
    assert await whoami(client, newest["access_token"]) == 401


async def test_a_token_older_than_the_last_one_ends_its_session_at_once(
    client: httpx.AsyncClient, grace: Account
) -> None:
    first = (await sign_in(client, grace))["refresh_token"]
    second = (await refresh(client, first)).json()["refresh_token"]
    third = (await refresh(client, second)).json()["refresh_token"]
    assert (await refresh(client, first)).status_code == 401
    assert (await refresh(client, third)).status_code == 401


async def test_reuse_ends_no_other_session_of_the_user(
    client: httpx.AsyncClient, grace: Account
) -> None:
    phone, laptop = await sign_in(client, grace), await sign_in(client, grace)
    second = (await refresh(client, phone["refresh_token"])).json()["refresh_token"]
    await refresh(client, second)
    assert (await refresh(client, phone["refresh_token"])).status_code == 401
    assert (await refresh(client, laptop["refresh_token"])).status_code == 200


@pytest.mark.parametrize(
    "token", ["x", "fm_refresh_" + "x" * 75, "fm_refresh_" + "é" * 75, "\x00" * 86, "x" * 200]
)
async def test_what_was_never_a_refresh_token_gets_the_same_answer(
    token: str, client: httpx.AsyncClient
) -> None:
    answer = await refresh(client, token)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")


async def test_a_session_lasts_thirty_days(
    client: httpx.AsyncClient, grace: Account, time: Clock
) -> None:
    pair = await sign_in(client, grace)
    time.pass_by(days=29)
    pair = (await refresh(client, pair["refresh_token"])).json()
    time.pass_by(days=2)
    assert (await refresh(client, pair["refresh_token"])).status_code == 401


async def test_a_session_ends_with_its_user(
    client: httpx.AsyncClient, identity: Identity, grace: Account, time: Clock
) -> None:
    pair = await sign_in(client, grace)
    async with identity.database.personal_work(user_id_of(grace)) as work:
        await work.session.execute(update(User).values(deleted_at=clock.now()))
    assert (await refresh(client, pair["refresh_token"])).status_code == 401
    assert await whoami(client, pair["access_token"]) == 401


async def test_expired_sessions_go_when_their_user_signs_in_again(
    client: httpx.AsyncClient, identity: Identity, grace: Account, time: Clock
) -> None:
    await sign_in(client, grace)
    time.pass_by(days=31)
    await sign_in(client, grace)
    async with identity.database.personal_work(user_id_of(grace)) as work:
        kept = (await work.session.scalars(select(Session))).all()
    assert [session.expires_at > clock.now() + timedelta(days=29) for session in kept] == [True]


async def test_logging_out_with_the_access_token_ends_both_tokens(
    client: httpx.AsyncClient, grace: Account
) -> None:
    pair = await sign_in(client, grace)
    assert await whoami(client, pair["access_token"]) == 200
    answer = await client.post("/api/v1/auth/logout", headers=bearer(pair["access_token"]))
    assert answer.status_code == 204
    assert await whoami(client, pair["access_token"]) == 401
    assert (await refresh(client, pair["refresh_token"])).status_code == 401


async def test_logging_out_with_the_refresh_token_ends_both_tokens(
    client: httpx.AsyncClient, grace: Account
) -> None:
    pair = await sign_in(client, grace)
    body = {"refresh_token": pair["refresh_token"]}
    assert (await client.post("/api/v1/auth/logout", json=body)).status_code == 204
    assert await whoami(client, pair["access_token"]) == 401
    assert (await refresh(client, pair["refresh_token"])).status_code == 401


async def test_logging_out_twice_or_with_nothing_is_no_error(
    client: httpx.AsyncClient, grace: Account
) -> None:
    pair = await sign_in(client, grace)
    for headers, body in (
        (bearer(pair["access_token"]), {"refresh_token": pair["refresh_token"]}),
        (bearer(pair["access_token"]), {"refresh_token": pair["refresh_token"]}),
        ({"Authorization": "Basic abc"}, {"refresh_token": "never one"}),
        ({}, None),
    ):
        answer = await client.post("/api/v1/auth/logout", json=body, headers=headers)
        assert answer.status_code == 204


async def test_a_session_that_ended_elsewhere_counts_for_less_than_five_seconds(
    client: httpx.AsyncClient, identity: Identity, grace: Account, time: Clock
) -> None:
    pair = await sign_in(client, grace)
    assert await whoami(client, pair["access_token"]) == 200
    async with identity.database.personal_work(user_id_of(grace)) as work:
        await work.session.execute(update(Session).values(revoked_at=clock.now()))
    time.pass_by(seconds=4)
    assert await whoami(client, pair["access_token"]) == 401
