"""What goes on for somebody ends within seconds, in all processes, once they are not let in."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import httpx
import pytest
from starlette.requests import HTTPConnection

from acting import Caller, Enter
from folkmoot.db.work import Database
from folkmoot.identity.callers import admission
from folkmoot.identity.permissions import OrgRole
from folkmoot.identity.service import Identity
from folkmoot.kit.subject import Subject
from folkmoot.runs import background
from folkmoot.runs.errors import NoLongerAdmitted
from folkmoot.runs.execution import LISTENS
from folkmoot.runs.lease import BEAT
from operating import ORGANIZATIONS, USERS, WHY
from running import Running, StartProcess, bury, until
from runs_http import forever, over_http

pytestmark = pytest.mark.anyio

PROMISED = 5.0
MEMBERS = "/api/v1/organizations/{}/members/{}"
Deed = Callable[[Caller, Caller, Caller], Awaitable[httpx.Response]]


@pytest.fixture
async def processes(
    start: StartProcess, database: Database, monkeypatch: pytest.MonkeyPatch
) -> list[Running]:
    """Two processes that ask often who may still act."""
    monkeypatch.setattr(background, "BEAT", 0.05)
    refused = partial(admission.refused, database)
    return [await start({"forever": forever}, refused=refused) for _ in range(2)]


async def subject_by(identity: Identity, headers: dict[str, str]) -> Subject:
    """Return for whom a credential acts."""
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    return await identity.authenticator(HTTPConnection({"type": "http", "headers": sent}))


async def reads_to_its_end(http: httpx.AsyncClient, run_id: object) -> str:
    answer = await http.get(f"/runs/{run_id}/events", params={"format": "log"}, timeout=60)
    assert answer.status_code == httpx.codes.OK
    return answer.text


async def watched(
    processes: list[Running], subject: Subject, deed: Awaitable[object], *, ends: bool = True
) -> str:
    """Begin a run that two processes show, do something, wait until both streams end.

    Returns the state of the run, which may be one that ends, too.
    """
    here, there = processes
    run = await here.open(subject, "forever")
    async with (
        over_http(here, {"ada": subject}) as live,
        over_http(there, {"ada": subject}) as following,
    ):
        streams = [
            asyncio.create_task(reads_to_its_end(each.client, run.id)) for each in (live, following)
        ]
        await until(lambda: all(each.supervisor.hub.readers for each in processes))
        assert not any(stream.done() for stream in streams)
        await deed
        shown = await asyncio.gather(*streams)
    assert all('"run.started"' in text for text in shown)
    if not ends:
        await asyncio.wait([here.supervisor._executions[run.id].task], timeout=0.3)
        return "running" if here.supervisor.hub.holds(run) else "ended"
    await until(lambda: not here.supervisor.hub.holds(run))
    [*_, last] = await here.reader.whole(subject, run.id)
    assert NoLongerAdmitted.code in (last.payload or b"").decode()
    return last.type


async def remove(owner: Caller, _admin: Caller, person: Caller) -> httpx.Response:
    return await owner.ask("DELETE", MEMBERS.format(owner.place, person.id))


async def demote(owner: Caller, _admin: Caller, person: Caller) -> httpx.Response:
    path = MEMBERS.format(owner.place, person.id)
    return await owner.ask("PATCH", path, {"role": "member"})


async def suspend_person(_owner: Caller, admin: Caller, person: Caller) -> httpx.Response:
    return await admin.ask("POST", f"{USERS}/{person.id}/suspend", WHY)


async def suspend_organization(owner: Caller, admin: Caller, _person: Caller) -> httpx.Response:
    return await admin.ask("POST", f"{ORGANIZATIONS}/{owner.place}/suspend", WHY)


async def sign_out(_owner: Caller, _admin: Caller, person: Caller) -> httpx.Response:
    sessions = await person.ask("GET", "/api/v1/sessions")
    [current] = [each["id"] for each in sessions.json()["items"] if each["current"]]
    return await person.ask("DELETE", f"/api/v1/sessions/{current}")


@pytest.mark.parametrize(
    ("deed", "state"),
    [
        (remove, "run.failed"),
        (demote, "run.failed"),
        (suspend_person, "run.failed"),
        (suspend_organization, "run.failed"),
        (sign_out, "running"),
    ],
)
async def test_streams_are_cut_and_runs_end_for_whoever_would_not_be_let_in(
    processes: list[Running],
    identity: Identity,
    owner: Caller,
    admin: Caller,
    enter: Enter,
    deed: Deed,
    state: str,
) -> None:
    person = await enter("ada", OrgRole.ADMIN)
    subject = await subject_by(identity, person.headers)

    async def do() -> None:
        answer = await deed(owner, admin, person)
        assert answer.is_success, answer.text

    assert await watched(processes, subject, do(), ends=state != "running") == state


async def test_what_a_key_or_a_team_lets_somebody_do_ends_with_it(
    processes: list[Running], identity: Identity, owner: Caller, enter: Enter
) -> None:
    person = await enter("ada", OrgRole.MEMBER)
    team = await owner.team()
    await owner.admit(team, person, "member")
    made = (await person.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()
    by_key = await subject_by(identity, {"X-API-Key": made["key"]})
    by_token = await subject_by(identity, person.headers)
    revoke = person.ask("DELETE", f"/api/v1/api-keys/{made['id']}")
    assert await watched(processes, by_key, revoke) == "run.failed"
    leave = owner.ask("DELETE", f"/api/v1/teams/{team}/members/{person.id}")
    assert await watched(processes, by_token, leave) == "run.failed"


async def test_others_go_on_and_a_run_that_another_process_took_over_ends_with_its_key(
    processes: list[Running], identity: Identity, owner_address: str, owner: Caller, enter: Enter
) -> None:
    person = await enter("ada", OrgRole.MEMBER)
    other = await enter("ben", OrgRole.MEMBER)
    made = (await person.ask("POST", "/api/v1/api-keys", {"name": "mine"})).json()
    by_key = await subject_by(identity, {"X-API-Key": made["key"]})
    here, there = processes
    run = await here.open(by_key, "forever")
    theirs = await there.open(await subject_by(identity, other.headers), "forever")
    bury(owner_address, here)
    hubs = [each.supervisor.hub for each in processes]
    await until(lambda: any(hub.live.get(run.id, run) is not run for hub in hubs))
    await person.ask("DELETE", f"/api/v1/api-keys/{made['id']}")
    await until(lambda: all(run.id not in hub.live for hub in hubs))
    log = await there.reader.whole(by_key, run.id)
    assert NoLongerAdmitted.code in (log[-1].payload or b"").decode()
    assert theirs.id in there.supervisor.hub.live


def test_what_is_promised_can_be_kept() -> None:
    assert BEAT + LISTENS < PROMISED / 1.5
