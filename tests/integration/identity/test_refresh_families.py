"""Refresh families under everything that can happen to them, in any order (stateful)."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from folkmoot.db.work import Database
from folkmoot.identity.errors import SessionEnded
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.identity.service import Grant, Identity, IdentityOptions
from folkmoot.identity.sign_in import sessions
from folkmoot.kit import clock
from folkmoot.kit.ids import UserId
from folkmoot.kit.page import Asked
from identity_app import HERE, SECRET_KEY, Clock

T = TypeVar("T")


@dataclass(eq=False)
class Family:
    """What we believe of a session: its tokens, the oldest first, and whether it lives."""

    tokens: list[str]
    access: str
    alive: bool = True
    rotated: timedelta | None = None
    began: timedelta = field(default_factory=timedelta)


class Families(RuleBasedStateMachine):
    """Two processes, one user, sessions that are refreshed, stolen from, revoked and let expire."""

    families: Bundle[Family] = Bundle("families")
    app_address: str
    loop: asyncio.AbstractEventLoop
    time: Clock
    played: ClassVar[list[int]] = []

    @initialize()
    def begin(self) -> None:
        self.all: list[Family] = []
        self.run(self._begin())

    async def _begin(self) -> None:
        self.database = Database(self.app_address, sessions=6)
        await self.database.open()
        options = IdentityOptions(secret_key=SECRET_KEY)
        self.processes = [Identity(self.database, options) for _ in range(2)]
        email = f"{id(self)}-{len(self.all)}-{clock.monotonic()}@example.org"
        account = NewAccount(email=email, name="A", organization_name="A")
        self.user_id = UserId((await accounts.create(self.database, account)).user_id)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @rule(target=families)
    def sign_in(self) -> Family:
        identity = self.processes[0]
        link = self.run(identity.issue_sign_in_link(self.user_id))
        grant = self.run(identity.sign_in_by_link(link, HERE))
        family = Family([grant.refresh_token], grant.access_token, began=self.time.later)
        self.all.append(family)
        return family

    @rule(family=families, process=st.integers(0, 1))
    def refresh_with_the_newest(self, family: Family, process: int) -> None:
        grant = self.attempt(process, family.tokens[-1])
        assert (grant is not None) == family.alive
        self.follow(family, grant)

    @rule(family=families, process=st.integers(0, 1), back=st.integers(2, 4))
    def reuse_an_older_one(self, family: Family, process: int, back: int) -> None:
        if back <= len(family.tokens):
            assert self.attempt(process, family.tokens[-back]) is None
            family.alive = False

    @rule(family=families, seconds=st.sampled_from([1, 9, 11]))
    def a_tab_asks_again(self, family: Family, seconds: int) -> None:
        """Within the grace it gets the same successor; after it, the family ends."""
        first = self.attempt(0, family.tokens[-1], browser=True)
        self.follow(family, first)
        if first is None:
            return
        self.time.pass_by(seconds=seconds)
        again = self.attempt(1, family.tokens[-2], browser=True)
        if seconds < sessions.GRACE.total_seconds():
            assert again is not None
            assert again.refresh_token == first.refresh_token
        else:
            assert again is None
            family.alive = False

    @rule(family=families)
    def two_processes_at_once(self, family: Family) -> None:
        async def race() -> list[Grant | BaseException]:
            return await asyncio.gather(
                *(each.refresh(family.tokens[-1]) for each in self.processes),
                return_exceptions=True,
            )

        outcomes = self.run(race())
        won = [each for each in outcomes if isinstance(each, Grant)]
        assert all(isinstance(each, Grant | SessionEnded) for each in outcomes)
        assert len(won) == (1 if family.alive else 0)
        if won:
            family.tokens.append(won[0].refresh_token)
        family.alive = False

    @rule(family=consumes(families), process=st.integers(0, 1))
    def revoke(self, family: Family, process: int) -> None:
        identity = self.processes[process]
        self.run(identity.log_out("", [family.tokens[0]]))
        family.alive = False

    @rule(family=families)
    def revoke_all_others(self, family: Family) -> None:
        if family.alive:
            kept = self.run(self.processes[0].session_of(family.access))
            if kept is not None:
                self.run(self.processes[0].revoke_other_sessions(self.user_id, kept))
                for other in self.all:
                    other.alive = other.alive and other is family

    @rule(days=st.sampled_from([1, 12, 31]))
    def wait(self, days: int) -> None:
        self.time.pass_by(days=days)
        for family in self.all:
            if self.time.later - family.began >= sessions.LIFETIME:
                family.alive = False

    @invariant()
    def what_lives_is_what_we_believe(self) -> None:
        living = self.run(self._living())
        assert living == sum(family.alive for family in self.all)

    async def _living(self) -> int:
        async with self.database.personal_work(self.user_id) as work:
            return len((await sessions.browse(work, Asked("created_at", 1000))).rows)

    def attempt(self, process: int, token: str, *, browser: bool = False) -> Grant | None:
        identity = self.processes[process]
        refresh = identity.refresh_browser if browser else identity.refresh
        try:
            return self.run(refresh(token))
        except SessionEnded:
            return None

    def follow(self, family: Family, grant: Grant | None) -> None:
        if grant is None:
            family.alive = False
            return
        assert grant.refresh_token not in family.tokens
        family.tokens.append(grant.refresh_token)
        family.access = grant.access_token

    def teardown(self) -> None:
        self.played.append(len(self.all))
        self.run(self.database.close())


def test_a_family_never_forks_and_ends_with_the_first_reuse(
    app_address: str, time: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with asyncio.Runner() as runner:
        monkeypatch.setattr(Families, "app_address", app_address, raising=False)
        monkeypatch.setattr(Families, "time", time, raising=False)
        monkeypatch.setattr(Families, "loop", runner.get_loop(), raising=False)
        run_state_machine_as_test(
            Families,
            settings=settings(
                max_examples=25,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert max(Families.played) > 1
