"""Lists of people and what is theirs: sorted, filtered, and whole while people come and go."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from acting import TEAMS, Caller, Enter
from folkmoot.db.work import Database
from folkmoot.identity.models import Membership
from folkmoot.identity.organizations import members
from folkmoot.identity.permissions import OrgRole
from folkmoot.kit.page import Asked
from identity_app import Account, subject_of

pytestmark = pytest.mark.anyio

KEYS = "/api/v1/api-keys"
ORDERS = ["created_at", "-created_at", "name", "-name"]


def members_of(organization: Caller) -> str:
    return f"/api/v1/organizations/{organization.place}/members"


async def names(person: Caller, path: str, query: str) -> list[str]:
    answer = await person.ask("GET", f"{path}?{query}")
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["items"]]


async def walk(
    person: Caller, path: str, sort: str, meanwhile: Callable[[], Awaitable[None]]
) -> list[str]:
    """Read a list two by two, and let something happen after each page."""
    seen: list[str] = []
    cursor = ""
    while True:
        answer = await person.ask("GET", f"{path}?limit=2&sort={sort}{cursor}")
        assert answer.status_code == 200, answer.text
        page = answer.json()
        seen += [each["name"] for each in page["items"]]
        if page["next_cursor"] is None:
            return seen
        cursor = f"&cursor={page['next_cursor']}"
        await meanwhile()


FILL = """
WITH made AS (
  INSERT INTO users (id, email, email_normalized, name, created_at, updated_at)
  SELECT gen_random_uuid(), n || '@x.example', n || '@x.example', md5(n::text), now(), now()
  FROM generate_series(1, 4000) AS n RETURNING id
)
INSERT INTO memberships (org_id, user_id, role, created_at, updated_at)
SELECT %s, id, 'member', now(), now() FROM made
"""


async def test_a_page_of_thousands_by_name_is_read_where_it_begins_in_an_index(
    database: Database, owner: Caller, grace: Account, superuser_address: str
) -> None:
    with psycopg.connect(superuser_address, autocommit=True) as connection:
        connection.execute(FILL, (owner.place,))
        connection.execute("ANALYZE users, memberships")
    listing, asked = members.BY_NAME, Asked("name", 50)
    async with database.work(subject_of(grace)) as work:
        statement = members._members(work)
        first = await listing.joined(work, statement, asked)
        page = listing._bounded(
            statement.with_only_columns(Membership.user_id, maintain_column_froms=True),
            Asked("name", 50, first.next_cursor),
        )
        literal = page.compile(work.session.get_bind(), compile_kwargs={"literal_binds": True})
        rows = await work.session.scalars(text(f"EXPLAIN {literal}".replace(":", "\\:")))
        plan = "\n".join(rows.all())
    assert "Sort Key" not in plan, plan
    assert "using ix_users_sorts_as" in plan, plan
    assert "Index Cond: (ROW(sorts_as, id) >" in plan, plan


@pytest.mark.parametrize("sort", ORDERS)
async def test_who_comes_and_goes_meanwhile_neither_doubles_nor_hides_a_member(
    sort: str, owner: Caller, enter: Enter
) -> None:
    people = {name: await enter(name, OrgRole.MEMBER) for name in ("ada", "bob", "eve", "ida")}
    newcomers = iter(("ben", "cleo", "finn", "jane", "kim"))
    leaving = iter(("ada", "ida"))

    async def meanwhile() -> None:
        await enter(next(newcomers), OrgRole.MEMBER)
        if (name := next(leaving, None)) is not None:
            gone = await owner.ask("DELETE", f"{members_of(owner)}/{people[name].id}")
            assert gone.status_code == 204

    seen = await walk(owner, members_of(owner), sort, meanwhile)
    assert len(seen) == len(set(seen))
    assert {"grace", "bob", "eve"} <= set(seen)


async def test_members_are_sorted_and_found_by_name_address_and_role(
    owner: Caller, enter: Enter
) -> None:
    for name, role in (("eve", OrgRole.MEMBER), ("Bob", OrgRole.ADMIN), ("ada", OrgRole.MEMBER)):
        await enter(name, role)
    path = members_of(owner)
    assert await names(owner, path, "") == ["grace", "eve", "Bob", "ada"]
    assert await names(owner, path, "sort=name") == ["ada", "Bob", "eve", "grace"]
    assert await names(owner, path, "sort=-name") == ["grace", "eve", "Bob", "ada"]
    assert await names(owner, path, "role=member&sort=name") == ["ada", "eve"]
    assert await names(owner, path, "kind=person&role=admin") == ["Bob"]
    assert await names(owner, path, "kind=service") == []
    assert await names(owner, path, "q=BO") == ["Bob"]
    assert await names(owner, path, "q=ada%40example") == ["ada"]
    assert await names(owner, path, "q=%25") == []
    wrong = await owner.ask("GET", f"{path}?role=king")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/query/role")


async def test_members_of_a_team_are_sorted_and_found(owner: Caller, enter: Enter) -> None:
    team = await owner.team()
    for name, role in (("eve", "viewer"), ("Bob", "member"), ("ada", "viewer")):
        await owner.admit(team, await enter(name, OrgRole.MEMBER), role)
    path = f"{TEAMS}/{team}/members"
    assert await names(owner, path, "") == ["grace", "eve", "Bob", "ada"]
    assert await names(owner, path, "sort=-name") == ["grace", "eve", "Bob", "ada"]
    assert await names(owner, path, "role=viewer&sort=name") == ["ada", "eve"]
    assert await names(owner, path, "q=bob@") == ["Bob"]


async def test_organisations_teams_keys_and_invitations_are_found(owner: Caller) -> None:
    for name in ("Hopper", "Harvard"):
        await owner.ask("POST", "/api/v1/organizations", {"name": name})
        await owner.ask("POST", KEYS, {"name": f"{name} key"})
        await owner.team(f"{name} team")
    assert await names(owner, "/api/v1/organizations", "sort=-name&q=h") == ["Hopper", "Harvard"]
    assert await names(owner, "/api/v1/organizations", "role=member") == []
    assert await names(owner, TEAMS, "sort=name&q=TEAM") == ["Harvard team", "Hopper team"]
    assert await names(owner, KEYS, "q=harv") == ["Harvard key"]
    assert len(await names(owner, KEYS, f"user_id={owner.id}")) == 2
    assert await names(owner, KEYS, f"user_id={owner.place}") == []
    path = f"/api/v1/organizations/{owner.place}/invitations"
    for email, days in (("late@example.org", 9), ("soon@example.org", 2), (None, 5)):
        await owner.ask("POST", path, {"email": email, "expires_in_days": days})
    listed = (await owner.ask("GET", f"{path}?sort=expires_at")).json()["items"]
    assert [each["email"] for each in listed] == ["soon@example.org", None, "late@example.org"]
    found = (await owner.ask("GET", f"{path}?q=LATE&role=member")).json()["items"]
    assert [each["email"] for each in found] == ["late@example.org"]


@pytest.mark.parametrize("what", ["organization", "member", "team", "team member"])
async def test_of_two_changes_to_the_same_version_one_is_made(
    what: str, owner: Caller, member: Caller
) -> None:
    team = await owner.team()
    await owner.admit(team, member, "viewer")
    organization = f"/api/v1/organizations/{owner.place}"
    path, bodies = {
        "organization": (organization, [{"name": "One"}, {"name": "Two"}]),
        "member": (f"{organization}/members/{member.id}", [{"role": "admin"}, {"role": "owner"}]),
        "team": (f"{TEAMS}/{team}", [{"name": "One"}, {"name": "Two"}]),
        "team member": (
            f"{TEAMS}/{team}/members/{member.id}",
            [{"role": "admin"}, {"role": "member"}],
        ),
    }[what]
    tag = (await owner.ask("GET", path)).headers["etag"]
    changing: list[Any] = [owner.ask("PATCH", path, body, **{"If-Match": tag}) for body in bodies]
    answers = await asyncio.gather(*changing)
    made, late = sorted(answers, key=lambda answer: answer.status_code)
    assert (made.status_code, late.status_code) == (200, 412)
    now = await owner.ask("GET", path)
    assert (now.json(), now.headers["etag"]) == (made.json(), made.headers["etag"])
    late = await owner.ask("DELETE", path, **{"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    gone = await owner.ask("DELETE", path, **{"If-Match": made.headers["etag"]})
    assert gone.status_code == 204


async def test_one_member_is_read_by_members_alone(owner: Caller, member: Caller) -> None:
    team = await owner.team()
    for path in (members_of(owner), f"{TEAMS}/{team}/members"):
        read = await owner.ask("GET", f"{path}/{owner.id}")
        assert (read.status_code, read.json()["name"]) == (200, "grace")
        missing = await owner.ask("GET", f"{path}/{owner.place}")
        assert (missing.status_code, missing.json()["code"]) == (404, "member_not_found")
    hidden = await member.ask("GET", f"{TEAMS}/{team}/members/{owner.id}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "team_not_found")
    absent = await owner.ask("GET", f"{TEAMS}/{team}/members/{member.id}")
    assert (absent.status_code, absent.json()["code"]) == (404, "member_not_found")


async def test_what_is_looked_for_is_looked_for_literally(owner: Caller) -> None:
    for name in ("100 %", "100 x", "a_b", "axb", "back\\slash"):
        await owner.team(name)
    for words, wanted in (("0 %25", ["100 %"]), ("a_b", ["a_b"]), ("k\\s", ["back\\slash"])):
        assert await names(owner, TEAMS, f"q={words}") == wanted
