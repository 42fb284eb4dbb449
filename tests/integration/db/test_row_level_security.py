"""The wall between tenants, as the application's role meets it."""

import psycopg
import pytest
from psycopg import errors, sql
from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from folkmoot.db.work import Database
from folkmoot.identity.models import ApiKey, Membership, Organization, User
from folkmoot.kit import clock
from folkmoot.kit.subject import Subject

pytestmark = pytest.mark.anyio

OWNED = ("users", "organizations", "memberships", "api_keys", "sessions", "sign_in_links")


@pytest.mark.core
async def test_a_query_without_a_tenant_returns_no_rows(
    app_address: str, subject: Subject, other_subject: Subject
) -> None:
    with psycopg.connect(app_address) as connection:
        for table in OWNED:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            assert connection.execute(query).fetchone() == (0,), table


@pytest.mark.parametrize("garbage", ["", "00000000-0000-7000-8000-000000000000"])
async def test_a_tenant_that_is_none_sees_nothing(
    garbage: str, app_address: str, subject: Subject
) -> None:
    with psycopg.connect(app_address) as connection:
        for setting in ("app.org", "app.user"):
            connection.execute("SELECT set_config(%s, %s, true)", (setting, garbage))
        for table in OWNED:
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))
            assert connection.execute(query).fetchone() == (0,), table


async def test_a_subject_sees_its_own_organisation_and_no_other(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    for me in (subject, other_subject):
        async with database.work(me) as work:
            assert (await work.session.scalars(select(Organization.id))).all() == [me.org_id]
            assert (await work.session.scalars(select(Membership.org_id))).all() == [me.org_id]
            assert (await work.session.scalars(select(User.id))).all() == [me.user_id]


async def test_another_organisations_rows_cannot_be_changed_or_removed(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    async with database.work(subject) as work:
        for attempt in (
            update(Organization).where(Organization.id == other_subject.org_id).values(name="x"),
            update(User).where(User.id == other_subject.user_id).values(name="x"),
            update(Membership).where(Membership.org_id == other_subject.org_id).values(role="x"),
            delete(Membership).where(Membership.org_id == other_subject.org_id),
        ):
            touched = await work.session.execute(attempt.returning(literal(1)))
            assert touched.all() == []


@pytest.mark.core
async def test_a_row_cannot_be_put_into_another_organisation(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    foreign = insert(Membership).values(
        org_id=other_subject.org_id,
        user_id=subject.user_id,
        role="owner",
        created_at=clock.now(),
        updated_at=clock.now(),
    )
    moved = update(Membership).values(org_id=other_subject.org_id)
    for statement in (foreign, moved):
        with pytest.raises(ProgrammingError, match="row-level security"):
            async with database.work(subject) as work:
                await work.session.execute(statement)


async def test_a_person_outside_an_organisation_cannot_make_themselves_a_member(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        async with database.personal_work(subject.user_id) as work:
            work.session.add(
                Membership(
                    org_id=other_subject.org_id,
                    user_id=subject.user_id,
                    role="owner",  # type: ignore[arg-type]
                )
            )


async def test_a_person_outside_an_organisation_sees_their_own_places_and_changes_none(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    async with database.personal_work(subject.user_id) as work:
        seen = select(Membership.org_id, Membership.user_id)
        assert (await work.session.execute(seen)).all() == [(subject.org_id, subject.user_id)]
        assert (await work.session.scalars(select(Organization.id))).all() == [subject.org_id]
        assert (await work.session.scalars(select(User.id))).all() == [subject.user_id]
        promoted = update(Membership).values(role="admin").returning(Membership.role)
        assert (await work.session.execute(promoted)).all() == []


async def test_nobody_in_particular_sees_nothing(database: Database, subject: Subject) -> None:
    async with database.personal_work() as work:
        for table in (User, Organization, Membership):
            rows = select(func.count()).select_from(table)
            assert (await work.session.execute(rows)).scalar_one() == 0


async def test_a_row_cannot_refer_to_a_row_of_another_organisation(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    key = ApiKey(
        org_id=subject.org_id,
        user_id=other_subject.user_id,
        name="for somebody else",
        prefix="fm_",
        hash=b"x",
    )
    with pytest.raises(IntegrityError, match="fk_api_keys_org_id_user_id"):
        async with database.work(subject) as work:
            work.session.add(key)


async def test_the_application_can_neither_empty_tables_nor_remove_people(
    app_address: str, subject: Subject
) -> None:
    for statement in (
        b"TRUNCATE users CASCADE",
        b"DELETE FROM users",
        b"DELETE FROM organizations",
        b"ALTER TABLE users NO FORCE ROW LEVEL SECURITY",
        b"SET ROLE folkmoot_owner",
        b"SET ROLE folkmoot_lookup",
        b"CREATE TABLE public.mine (id int)",
        b"CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ):
        with (
            psycopg.connect(app_address) as connection,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


async def test_look_ups_before_a_tenant_is_known_return_ids_and_nothing_else(
    app_address: str, subject: Subject
) -> None:
    with psycopg.connect(app_address) as connection:
        found = connection.execute("SELECT identity_find_user('ada@one.example')").fetchone()
        assert found == (subject.user_id,)
        unknown = connection.execute("SELECT identity_find_user('nobody@one.example')").fetchone()
        assert unknown == (None,)
        nothing = connection.execute("SELECT * FROM identity_find_key(%s)", (b"x",)).fetchall()
        assert nothing == []


async def test_the_log_writer_can_neither_look_people_up_nor_read_them(
    writer_address: str, subject: Subject
) -> None:
    for statement in (
        b"SELECT identity_find_user('ada@one.example')",
        b"SELECT * FROM users",
        b"SELECT input FROM runs",
        b"DELETE FROM run_events",
    ):
        with (
            psycopg.connect(writer_address) as connection,
            pytest.raises(errors.InsufficientPrivilege),
        ):
            connection.execute(statement)


async def test_members_see_their_colleagues_and_change_only_themselves(
    database: Database, subject: Subject, other_subject: Subject
) -> None:
    async with database.work(subject) as work:
        work.session.add(
            Membership(
                org_id=subject.org_id,
                user_id=other_subject.user_id,
                role="member",  # type: ignore[arg-type]
            )
        )
    async with database.work(subject) as work:
        seen = (await work.session.scalars(select(User.id).order_by(User.id))).all()
        assert seen == sorted([subject.user_id, other_subject.user_id])
        renamed = await work.session.execute(update(User).values(name="x").returning(User.id))
        assert renamed.scalars().all() == [subject.user_id]
