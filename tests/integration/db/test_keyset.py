"""Pages of a list: no row twice, none passed over, whatever happens meanwhile."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import delete, select, update

from folkmoot.db.work import Database, Work
from folkmoot.kit.ids import CollectionId, new_id
from folkmoot.kit.page import Asked, CursorInvalid, seal
from folkmoot.kit.subject import Subject
from folkmoot.knowledge import collections
from folkmoot.knowledge.models import Collection

pytestmark = pytest.mark.anyio

SORTS = [f"{sign}{name}" for name in ("created_at", "updated_at", "name") for sign in ("", "-")]
EARLY = datetime(2026, 1, 1, tzinfo=UTC)
MANY = 10_000


def collection(subject: Subject, name: str, minute: int = 0) -> Collection:
    """Return a collection that was changed in some minute."""
    made = Collection(
        org_id=subject.org_id,
        id=CollectionId(new_id()),
        name=name,
        description=None,
        created_by=subject.user_id,
    )
    made.updated_at = EARLY + timedelta(minutes=minute)
    return made


async def fill(database: Database, subject: Subject, names: list[str]) -> None:
    async with database.work(subject) as work:
        work.session.add_all(collection(subject, name, minute) for minute, name in enumerate(names))


async def walk(
    database: Database,
    subject: Subject,
    sort: str,
    size: int,
    meanwhile: Callable[[Work, list[Collection]], None] | None = None,
) -> list[Collection]:
    """Read a whole list page by page, and let something happen after each."""
    seen: list[Collection] = []
    cursor: str | None = None
    while True:
        async with database.work(subject) as work:
            found = await collections.browse(work, Asked(sort, size, cursor))
            assert len(found.rows) <= size
            seen += found.rows
            if meanwhile is not None:
                meanwhile(work, list(found.rows))
        if found.next_cursor is None:
            return seen
        cursor = found.next_cursor


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_join_up_in_every_order_also_where_many_are_alike(
    sort: str, database: Database, subject: Subject
) -> None:
    names = ["b", "A", "a", "B", "same", "same", "Same", "ä", "Ä", "", "z" * 200, "same"]
    await fill(database, subject, names)
    async with database.work(subject) as work:
        await work.session.execute(
            update(Collection).where(Collection.name == "same").values(updated_at=EARLY)
        )
    whole = await walk(database, subject, sort, 100)
    assert len(whole) == len(names)
    for size in (1, 2, 5, 11, 12):
        assert [each.id for each in await walk(database, subject, sort, size)] == [
            each.id for each in whole
        ]
    mirrored = sort.removeprefix("-") if sort.startswith("-") else f"-{sort}"
    back = await walk(database, subject, mirrored, 5)
    assert [each.id for each in back] == [each.id for each in whole][::-1]


async def test_names_are_sorted_without_regard_to_case(
    database: Database, subject: Subject
) -> None:
    await fill(database, subject, ["b", "A", "a", "C", "B", "c"])
    found = await walk(database, subject, "name", 2)
    assert [each.name.lower() for each in found] == ["a", "a", "b", "b", "c", "c"]


@pytest.mark.parametrize("sort", SORTS)
async def test_what_comes_and_goes_meanwhile_neither_doubles_nor_hides_a_row(
    sort: str, database: Database, subject: Subject
) -> None:
    await fill(database, subject, [f"name {n:02}" for n in range(30)])
    before = {each.id for each in await walk(database, subject, sort, 100)}
    numbers, gone = count(), set[CollectionId]()

    def disturb(work: Work, shown: list[Collection]) -> None:
        number = next(numbers)
        work.session.add(collection(subject, f"name {number * 3:02}", number * 3))
        if shown:  # a row from which the next page would go on by counting
            gone.add(shown[0].id)
            shown[0].deleted_at = EARLY

    seen = [each.id for each in await walk(database, subject, sort, 4, disturb)]
    assert len(seen) == len(set(seen))
    assert before <= set(seen)
    assert gone


async def test_ten_thousand_are_each_shown_once(database: Database, subject: Subject) -> None:
    shuffled = [f"name {n:05}" for n in range(MANY)]
    random.Random(5).shuffle(shuffled)
    await fill(database, subject, shuffled)
    for sort in ("-created_at", "name", "-updated_at"):
        seen: list[CollectionId] = []
        cursor: str | None = None
        async with database.work(subject) as work:
            while True:
                found = await collections.browse(work, Asked(sort, 1_000, cursor))
                seen += [each.id for each in found.rows]
                cursor = found.next_cursor
                work.session.expunge_all()
                if cursor is None:
                    break
        assert len(set(seen)) == len(seen) == MANY


ID = "01890000-0000-7000-8000-000000000000"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ö",
        "%%%",
        "W10",
        "bnVsbA",
        "eyJhIjoxfQ",
        "IlwidWQ4MDAi",
        seal("documents", Asked("name"), "a", ID),
        seal("collections", Asked("-name"), "a", ID),
        seal("collections", Asked("updated_at"), "2026-01-01T00:00:00+00:00", ID),
        seal("collections", Asked("name"), "a"),
        seal("collections", Asked("name"), "a", ID, "more"),
        seal("collections", Asked("name"), "a", "no id"),
        seal("collections", Asked("name"), "a\0", ID),
    ],
)
async def test_what_this_list_never_gave_out_in_this_order_is_refused(
    cursor: str, database: Database, subject: Subject
) -> None:
    async with database.work(subject) as work:
        with pytest.raises(CursorInvalid):
            await collections.browse(work, Asked("name", 5, cursor))


@pytest.mark.parametrize("moment", ["yesterday", "0001-01-01T00:00:00+14:00", "9999-12-31"])
async def test_a_moment_that_is_none_is_refused_or_has_nothing_after_it(
    moment: str, database: Database, subject: Subject
) -> None:
    await fill(database, subject, ["a"])
    cursor = seal("collections", Asked("updated_at"), moment, ID)
    async with database.work(subject) as work:
        try:
            found = await collections.browse(work, Asked("updated_at", 5, cursor))
        except CursorInvalid:
            return
        assert len(found.rows) <= 1


async def test_the_cursor_of_another_tenant_shows_nothing_of_theirs(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    await fill(database, subject, [f"mine {n}" for n in range(3)])
    await fill(database, other_subject, [f"theirs {n}" for n in range(3)])
    async with database.work(other_subject) as work:
        cursor = (await collections.browse(work, Asked("name", 1))).next_cursor
    async with database.work(subject) as work:
        shown = (await collections.browse(work, Asked("name", 9, cursor))).rows
        assert all(each.org_id == subject.org_id for each in shown)
        await work.session.execute(delete(Collection))
        assert (await work.session.scalars(select(Collection))).all() == []
