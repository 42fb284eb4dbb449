"""Accounts."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from folkmoot.db.work import Database
from folkmoot.identity.errors import EmailTaken
from folkmoot.identity.models import Membership, Organization, User
from folkmoot.identity.people import accounts
from folkmoot.identity.people.accounts import NewAccount
from folkmoot.kit.subject import Subject

pytestmark = pytest.mark.anyio


async def test_a_new_account_owns_an_organisation_of_its_own(
    database: Database, subject: Subject
) -> None:
    async with database.work(subject) as work:
        user = (await work.session.scalars(select(User))).one()
        organization = (await work.session.scalars(select(Organization))).one()
        membership = (await work.session.scalars(select(Membership))).one()
    assert (user.id, organization.id) == (subject.user_id, subject.org_id)
    assert (membership.user_id, membership.role) == (subject.user_id, "owner")


@pytest.mark.parametrize(
    "email",
    [
        "ada@one.example",
        "ADA@One.Example",
        " ada@one.example ",
        "\uff41da\uff20one.example",
        "a\u200bda@one\u00ad.example\ufe0f",
    ],
)
async def test_an_address_has_one_account_however_it_is_spelt(
    email: str, database: Database, subject: Subject
) -> None:
    with pytest.raises(EmailTaken):
        await accounts.create(
            database, NewAccount(email=email, name="Ada", organization_name="Again")
        )


@pytest.mark.parametrize("email", ["\u0130\u0711@x", "\u1ff7\u0341@x", "a\u200b\u0301@x"])
def test_what_an_address_is_found_by_is_found_by_itself(email: str) -> None:
    once = accounts.normalized(email)
    assert accounts.normalized(once) == once


async def test_another_failure_is_not_taken_for_a_taken_address(database: Database) -> None:
    nameless = NewAccount(email="a@b", name=None, organization_name="A")  # type: ignore[arg-type]
    with pytest.raises(IntegrityError, match="null value"):
        await accounts.create(database, nameless)
