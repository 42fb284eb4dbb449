"""What is hidden from somebody counts nowhere, and does not get lost."""

from typing import Any

import pytest
from sqlalchemy import delete

from folkmoot.identity.models import Membership
from folkmoot.identity.permissions import OrgRole
from knowing import Visitor
from permitting import colleague, restrict, titles, user

pytestmark = pytest.mark.anyio


async def test_what_is_hidden_counts_in_no_number_that_a_search_tells(ada: Visitor) -> None:
    ben = await colleague(ada, "Ben")
    shelf, like = await ada.collection(), await ada.collection()
    for each in (shelf, like):
        await ada.tell(each, "Open", "A heron of all.")
    hidden = [
        await ada.tell(shelf, title, text)
        for title, text in (
            ("Plan", "The heron of which nobody hears."),
            ("Geheim", "Der Reiher und der Fluss."),
        )
    ]

    async def told(who: Visitor, collection: str) -> Any:
        path = f"/collections/{collection}/search/explain"
        stages = (await who.http.post(path, json={"query": "heron reiher"})).json()
        facts = {each["name"]: each["facts"] for each in stages["stages"]}
        del facts["dense"]["embed_milliseconds"]
        return stages["terms"], facts

    for document in hidden:
        await restrict(ada, document, [user(ada)])
    assert await told(ben, shelf) == await told(ben, like)
    assert await told(ada, shelf) != await told(ben, shelf)
    await ada.http.delete(f"/documents/{hidden[0]}")
    assert await told(ben, shelf) == await told(ben, like)
    await restrict(ada, hidden[1], None)
    assert await told(ada, shelf) == await told(ben, shelf) != await told(ben, like)


async def test_of_what_nobody_reads_any_more_an_administrator_knows_and_decides(
    ada: Visitor,
) -> None:
    ben, eve = await colleague(ada, "Ben"), await colleague(ada, "Eve")
    shelf, own = await ada.collection(), await ben.collection(scope="user")
    plan = await ben.tell(shelf, "Plan", "A heron of Ben's.")
    for document in (plan, await ben.tell(own, "Diary", "A heron.")):
        await restrict(ben, document, [user(ben)])

    async def listed(who: Visitor, collection: str) -> Any:
        answer = await who.http.get(f"/collections/{collection}/restricted-documents")
        if answer.status_code != 200:
            return answer.status_code
        shown = answer.json()["items"]
        return [(each["title"], len(each["readers"]), each["may_change"]) for each in shown]

    assert await listed(ben, shelf) == await listed(ada, shelf) == [("Plan", 1, True)]
    assert (await listed(eve, shelf), await listed(ada, own)) == ([], 404)
    mine = Membership.user_id == ben.subject.user_id, Membership.org_id == ben.subject.org_id
    async with ada.room.database.work(ada.subject) as work:
        await work.session.execute(delete(Membership).where(*mine))
    assert await listed(ada, shelf) == [("Plan", 0, True)]
    assert await titles(ada, shelf) == set()  # seen by nobody until somebody decides, on record
    await restrict(ada, plan, [user(eve)])
    assert await titles(eve, shelf) == {"Plan"}

    async with ada.room.database.work(ada.subject) as work:
        work.session.add(
            Membership(org_id=ben.subject.org_id, user_id=ben.subject.user_id, role=OrgRole.MEMBER)
        )
    # Who comes back decides about what was theirs.
    assert await listed(ben, own) == [("Diary", 0, True)]
    assert await listed(ben, shelf) == []
