"""Identity behind its routes, as a client meets it."""

from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from copy import copy
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final, cast
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import ASGIApp, Receive, Scope, Send

from folkmoot.db.work import Database
from folkmoot.http import problems
from folkmoot.http.idempotency.keys import Keys
from folkmoot.http.ports import HttpPorts
from folkmoot.identity import routes
from folkmoot.identity.models import Membership
from folkmoot.identity.people.personal import PersonalData
from folkmoot.identity.permissions import OWNER, OrgRole
from folkmoot.identity.platform.admission import Admission
from folkmoot.identity.service import Client, Identity, IdentityOptions
from folkmoot.kit import clock
from folkmoot.kit.ids import OrgId, UserId
from folkmoot.kit.subject import Subject

SECRET_KEY = "the secret key of this deployment"
USUAL: Final = IdentityOptions(secret_key=SECRET_KEY)
ANSWERING: Final[ContextVar[Identity]] = ContextVar("answering")
HERE = Client(address="127.0.0.1", loopback=True, user_agent="a test")

Account = dict[str, str]
"""A registered person: what they typed, their `id` and their `organization_id`."""


class Clock:
    """Time that passes when a test says so; starts at the real time."""

    def __init__(self) -> None:
        self.later = timedelta()
        self._now, self._monotonic = clock.now, clock.monotonic

    def pass_by(self, **duration: float) -> None:
        self.later += timedelta(**duration)

    def now(self) -> datetime:
        return self._now() + self.later

    def monotonic(self) -> float:
        return self._monotonic() + self.later.total_seconds()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    held = Clock()
    monkeypatch.setattr(clock, "now", held.now)
    monkeypatch.setattr(clock, "monotonic", held.monotonic)
    return held


@pytest.fixture
def identity(database: Database) -> Identity:
    return Identity(database, USUAL)


def routed(identity: Identity, kept: PersonalData) -> FastAPI:
    app = FastAPI()
    app.include_router(routes.router(identity, kept), prefix="/api/v1")
    problems.install(app)
    return app


def ports_of(identity: Identity) -> HttpPorts:
    return HttpPorts(
        identity.authenticator,
        identity.database,
        Keys(identity.database, SECRET_KEY),
        identity.authenticator.identify,
        admit_platform_admin=Admission(identity.database),
    )


def app_of(identity: Identity) -> FastAPI:
    """Put an application together for one identity."""
    app = routed(identity, PersonalData(identity.database, ()))
    app.state.http = ports_of(identity)
    return app


class Present:
    """Stands for what belongs to the identity that answers the present request."""

    def __init__(self, found: Callable[[Identity], object]) -> None:
        self._found = found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._found(ANSWERING.get()), name)


@cache
def shared() -> FastAPI:
    """Put the usual application together, once for all: its routes take a tenth of a second."""
    identity = Present(lambda identity: identity)
    kept = Present(lambda identity: PersonalData(identity.database, ()))
    return routed(cast(Identity, identity), cast(PersonalData, kept))


def lent(identity: Identity) -> ASGIApp:
    """Let an identity answer with the routes that all usual ones share, and nothing else."""
    token = ANSWERING.set(identity)
    app = copy(shared())
    ANSWERING.reset(token)
    app.state = State({"http": ports_of(identity)})

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        token = ANSWERING.set(identity)
        try:
            await app(scope, receive, send)
        finally:
            ANSWERING.reset(token)

    return answer


def client_of(identity: Identity, *, address: str = "127.0.0.1") -> httpx.AsyncClient:
    app = lent(identity) if identity.options == USUAL else app_of(identity)
    transport = httpx.ASGITransport(app, client=(address, 50_000))
    return httpx.AsyncClient(transport=transport, base_url="http://folkmoot.example")


@pytest.fixture
async def client(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(identity) as client:
        yield client


@pytest.fixture
async def elsewhere(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    """A client on another machine."""
    async with client_of(identity, address="198.51.100.7") as client:
        yield client


@pytest.fixture
async def grace(client: httpx.AsyncClient) -> Account:
    """A registered person, who owns an organisation."""
    return await register(client, "grace")


@pytest.fixture
async def linus(client: httpx.AsyncClient) -> Account:
    """Another one, who owns another."""
    return await register(client, "linus")


async def sign_in(client: httpx.AsyncClient, account: Account) -> dict[str, Any]:
    """Get a pair of tokens with the password form."""
    answer = await client.post(
        "/api/v1/auth/token",
        data={"username": account["email"], "password": account["password"]},
    )
    assert answer.status_code == 200, answer.text
    pair: dict[str, Any] = answer.json()
    return pair


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **headers}


def user_id_of(account: Account) -> UserId:
    return UserId(UUID(account["id"]))


def subject_of(account: Account) -> Subject:
    """Return the owner that registering has made."""
    return Subject(OrgId(UUID(account["organization_id"])), user_id_of(account), OWNER)


async def register(client: httpx.AsyncClient, name: str) -> Account:
    account = {"email": f"{name}@example.org", "password": f"{name} {name} {name}", "name": name}
    answer = await client.post("/api/v1/auth/register", json=account)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return account | {"id": made["id"], "organization_id": made["organization_id"]}


async def enroll(identity: Identity, organization: Account, person: Account, role: OrgRole) -> None:
    """Make a person a member of another one's organisation."""
    subject = subject_of(organization)
    async with identity.database.work(subject) as work:
        work.session.add(Membership(org_id=subject.org_id, user_id=user_id_of(person), role=role))
