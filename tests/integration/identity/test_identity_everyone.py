"""What an operator sees of everybody."""

import pytest
from sqlalchemy import update

from folkmoot.db.work import Database
from folkmoot.identity import everyone
from folkmoot.identity.models import User
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject

pytestmark = pytest.mark.anyio


async def test_the_operator_sees_people_of_every_organisation(
    database: Database, owner_address: str, subject: Subject, other_subject: Subject
) -> None:
    people = await everyone.people(database, owner_address)
    assert [(person.id, person.email) for person in people] == [
        (subject.user_id, "ada@one.example"),
        (other_subject.user_id, "eve@two.example"),
    ]
    assert [(place.name, place.role) for place in people[0].places] == [("One", "owner")]


async def test_the_operator_sees_every_organisation_with_its_size(
    database: Database, owner_address: str, subject: Subject, other_subject: Subject
) -> None:
    tenants = await everyone.tenants(database, owner_address)
    assert [(tenant.id, tenant.name, tenant.members) for tenant in tenants] == [
        (subject.org_id, "One", 1),
        (other_subject.org_id, "Two", 1),
    ]


async def test_more_people_than_a_page_holds_are_all_listed_once(
    database: Database, owner_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everyone, "PAGE", 2)
    for number in range(5):
        account = NewAccount(
            email=f"{number}@one.example", name=str(number), organization_name="Same"
        )
        await accounts.create(database, account)
    people = await everyone.people(database, owner_address)
    assert [person.name for person in people] == ["0", "1", "2", "3", "4"]
    assert len(await everyone.people(database, owner_address, limit=3)) == 3
    assert len(await everyone.tenants(database, owner_address, limit=3)) == 3
    assert len(await everyone.tenants(database, owner_address)) == 5


async def test_who_has_been_deleted_is_not_listed(
    database: Database, owner_address: str, subject: Subject, other_subject: Subject
) -> None:
    async with database.personal_work(subject.user_id) as work:
        await work.session.execute(update(User).values(deleted_at=clock.now()))
    people = await everyone.people(database, owner_address)
    assert [person.id for person in people] == [other_subject.user_id]


async def test_the_application_itself_cannot_ask_for_everybody(
    database: Database, app_address: str, subject: Subject
) -> None:
    assert await everyone.people(database, app_address) == []
