"""Whatever people do to one another's roles: somebody owns the place, nobody lifts themselves.

Sequences of steps are tried at random, each as somebody who still passes for an owner elsewhere:
what counts is what they are at that moment. A model of a few lines says what must come of it.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from folkmoot.db.work import Database
from folkmoot.identity.inviting import invitations
from folkmoot.identity.inviting.invitations import Invitations
from folkmoot.identity.models import Membership
from folkmoot.identity.organizations import members
from folkmoot.identity.organizations.tenancy import InvitationCreate
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.identity.permissions import OWNER, OrgRole
from folkmoot.kit.errors import AppError
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.subject import Subject

RANK: Final = {OrgRole.MEMBER: 1, OrgRole.ADMIN: 2, OrgRole.OWNER: 3}
PEOPLE: Final = st.integers(0, 3)
ROLES: Final = st.sampled_from(OrgRole)
BOUNDS: Final = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@dataclass(slots=True, eq=False)
class Sent:
    """An invitation that somebody has made."""

    by: int
    role: OrgRole
    token: str
    counts: bool = True


class Roles(RuleBasedStateMachine):
    """One organisation and four people; the first begins as its owner."""

    taken: ClassVar[int] = 0

    def __init__(self, runner: asyncio.Runner, database: Database) -> None:
        super().__init__()
        self._runner = runner
        self._database = database
        self._invitations = Invitations("a secret key for invitations", "http://localhost")
        places = [runner.run(accounts.create(database, self._account())) for _ in range(4)]
        self.org_id = places[0].org_id
        self.ids = [place.user_id for place in places]
        self.roles: dict[int, OrgRole] = {0: OrgRole.OWNER}
        self.sent: list[Sent] = []

    @rule(actor=PEOPLE, role=ROLES)
    def invite(self, actor: int, role: OrgRole) -> None:
        made = self.attempt(self._invite(actor, role))
        assert (made is not None) == (self.rank(actor) >= max(2, RANK[role]))
        if made is not None:
            self.sent.append(Sent(actor, role, made))

    @precondition(lambda self: self.sent)
    @rule(person=PEOPLE, which=st.integers(0, 99))
    def accept(self, person: int, which: int) -> None:
        sent = self.sent[which % len(self.sent)]
        joined = self.attempt(self._accept(person, sent.token)) is not None
        may = sent.counts and self.rank(sent.by) >= max(2, RANK[sent.role])
        assert joined == (may and person not in self.roles)
        if joined:
            self.roles[person], sent.counts = sent.role, False

    @rule(actor=PEOPLE, other=PEOPLE, role=ROLES)
    def change(self, actor: int, other: int, role: OrgRole) -> None:
        changed = self.attempt(self._change(actor, other, role)) is not None
        reaches = self.rank(actor) >= max(2, self.rank(other), RANK[role])
        stays = role is OrgRole.OWNER or not self.is_last_owner(other)
        assert changed == (other in self.roles and reaches and stays)
        if changed:
            self.roles[other] = role

    @rule(actor=PEOPLE, other=PEOPLE)
    def remove(self, actor: int, other: int) -> None:
        removed = self.attempt(self._remove(actor, other)) is not None
        reaches = actor == other or self.rank(actor) >= max(2, self.rank(other))
        assert removed == (other in self.roles and reaches and not self.is_last_owner(other))
        if removed:
            del self.roles[other]
            for sent in self.sent:
                sent.counts = sent.counts and sent.by != other

    @rule(actor=PEOPLE, other=PEOPLE)
    def transfer(self, actor: int, other: int) -> None:
        done = self.attempt(self._transfer(actor, other)) is not None
        assert done == (self.rank(actor) == RANK[OrgRole.OWNER] and other in self.roles)
        if done and actor != other:
            self.roles[actor], self.roles[other] = OrgRole.ADMIN, OrgRole.OWNER

    @invariant()
    def everybody_is_what_they_should_be(self) -> None:
        found = self._runner.run(self._stored())
        assert found == {self.ids[number]: role for number, role in self.roles.items()}

    @invariant()
    def somebody_owns_it(self) -> None:
        assert OrgRole.OWNER in self.roles.values()

    def rank(self, person: int) -> int:
        return RANK[self.roles[person]] if person in self.roles else 0

    def is_last_owner(self, person: int) -> bool:
        owners = [number for number, role in self.roles.items() if role is OrgRole.OWNER]
        return owners == [person]

    def attempt(self, step: Awaitable[Any]) -> Any:
        """Take a step; None if it is refused."""

        async def take() -> Any:
            try:
                return await step
            except AppError:
                return None

        Roles.taken += 1
        return self._runner.run(take())

    def _subject(self, person: int) -> Subject:
        return Subject(self.org_id, self.ids[person], OWNER)

    @staticmethod
    def _account() -> NewAccount:
        name = new_id().hex
        return NewAccount(email=f"{name}@example.org", name=name, organization_name=name)

    async def _invite(self, actor: int, role: OrgRole) -> str:
        async with self._database.work(self._subject(actor)) as work:
            return (await self._invitations.create(work, InvitationCreate(role=role))).token

    async def _accept(self, person: int, token: str) -> bool:
        named = self._invitations.read(token)
        async with self._database.work(self._subject(person)) as work:
            await invitations.accept(work, named, token)
        return True

    async def _change(self, actor: int, other: int, role: OrgRole) -> bool:
        async with self._database.work(self._subject(actor)) as work:
            await members.change_role(work, self.ids[other], role)
        return True

    async def _remove(self, actor: int, other: int) -> bool:
        async with self._database.work(self._subject(actor)) as work:
            await members.remove(work, self.ids[other], kept=timedelta(days=30))
        return True

    async def _transfer(self, actor: int, other: int) -> bool:
        async with self._database.work(self._subject(actor)) as work:
            await members.transfer_ownership(work, self.ids[other])
        return True

    async def _stored(self) -> dict[UserId, OrgRole]:
        statement = select(Membership.user_id, Membership.role)
        async with self._database.work(self._subject(0)) as work:
            rows = await work.session.execute(statement)
            return {user_id: OrgRole(role) for user_id, role in rows}


def test_no_sequence_of_steps_raises_anybody_or_leaves_a_place_without_owner(
    app_address: str,
) -> None:
    with asyncio.Runner() as runner:
        database = Database(app_address)
        runner.run(database.open())

        class Here(Roles):
            def __init__(self) -> None:
                super().__init__(runner, database)

        try:
            run_state_machine_as_test(Here, settings=BOUNDS)
        finally:
            runner.run(database.close())
    assert Roles.taken > BOUNDS.max_examples
