"""What processes remember of settings, and how they come to forget it."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from psycopg import errors

from folkmoot.db.work import Database
from folkmoot.kit.ids import UserId, new_id
from folkmoot.kit.scope import Scope
from folkmoot.kit.subject import Subject
from folkmoot.settings import cache
from folkmoot.settings.cache import LONGEST_GAP, TRUSTED
from folkmoot.settings.groups import Group, Theme
from folkmoot.settings.schemas import WRITES
from folkmoot.settings.service import Settings
from identity_app import Clock

pytestmark = pytest.mark.anyio


async def name(settings: Settings, subject: Subject, name: str) -> None:
    data = WRITES[Group.THEME].model_validate({"values": {"name": name}})
    at = (Scope.ORGANIZATION, None)
    await settings.replace(subject, Group.THEME, at, data, lambda _current: None)


async def named(settings: Settings, subject: Subject) -> str | None:
    return (await settings.of(subject)).values(Theme).name


@pytest.fixture
def here(database: Database) -> Settings:
    return Settings(database)


@pytest.fixture
def elsewhere(database: Database) -> Settings:
    """The settings of another process."""
    return Settings(database)


async def counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Subject]:
    """Count the pipelines that are opened from now on."""
    opened: list[Subject] = []
    pipelined = database.pipelined

    def counting(subject: Subject) -> Any:
        opened.append(subject)
        return pipelined(subject)

    monkeypatch.setattr(database, "pipelined", counting)
    return opened


@pytest.mark.core
async def test_who_is_remembered_costs_no_query(
    database: Database, subject: Subject, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await counted(database, monkeypatch)
    held = await here.of(subject)
    assert len(opened) == 1
    assert await here.of(subject) is held
    assert held.of(Theme) is held.of(Theme)
    assert len(opened) == 1


async def test_a_change_is_felt_at_once_where_it_is_made(
    subject: Subject, other_subject: Subject, here: Settings
) -> None:
    assert await named(here, subject) == "Folkmoot"
    others = await here.of(other_subject)
    await name(here, subject, "One")
    assert await named(here, subject) == "One"
    assert await here.of(other_subject) is others


@pytest.mark.core
async def test_a_change_elsewhere_is_found_when_it_is_asked_for_and_once_only(
    subject: Subject, other_subject: Subject, here: Settings, elsewhere: Settings
) -> None:
    await here.check()
    assert await named(here, subject) == "Folkmoot"
    others = await here.of(other_subject)
    await name(elsewhere, subject, "One")
    assert await named(here, subject) == "Folkmoot"
    await here.check()
    assert await named(here, subject) == "One"
    held = await here.of(subject)
    await here.check()
    assert await here.of(subject) is held
    assert await here.of(other_subject) is others


async def test_what_nobody_could_ask_about_counts_for_less_than_five_seconds(
    subject: Subject, here: Settings, elsewhere: Settings, time: Clock
) -> None:
    assert await named(here, subject) == "Folkmoot"
    await name(elsewhere, subject, "One")
    time.pass_by(seconds=TRUSTED - 1)
    assert await named(here, subject) == "Folkmoot"
    time.pass_by(seconds=1)
    assert await named(here, subject) == "One"


async def test_who_could_not_ask_for_long_forgets_everything(
    subject: Subject, here: Settings, time: Clock
) -> None:
    await here.check()
    held = await here.of(subject)
    time.pass_by(seconds=LONGEST_GAP + 1)
    await here.check()
    assert await here.of(subject) is not held


async def test_what_was_read_before_a_change_is_not_remembered_after_it(
    database: Database, subject: Subject, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = here._load

    async def slow(asking: Subject) -> Any:
        held = await loading(asking)
        await name(here, asking, "One")
        monkeypatch.setattr(here, "_load", loading)
        return held

    monkeypatch.setattr(here, "_load", slow)
    assert await named(here, subject) == "Folkmoot"
    assert await named(here, subject) == "One"


async def test_a_process_goes_on_asking_for_changes_while_it_lives(
    subject: Subject, here: Settings, elsewhere: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "EVERY", 0.0)
    assert await named(here, subject) == "Folkmoot"
    async with asyncio.timeout(60), asyncio.TaskGroup() as background:
        watching = background.create_task(here.watch())
        await name(elsewhere, subject, "One")
        while await named(here, subject) != "One":
            await here.check()
        watching.cancel()
    assert watching.cancelled()


async def test_no_more_is_remembered_than_there_is_room_for(
    subject: Subject, other_subject: Subject, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "REMEMBERED", 1)
    monkeypatch.setattr(cache, "SEEN", 1)
    held = await here.of(subject)
    others = await here.of(other_subject)
    assert await here.of(other_subject) is others
    assert await here.of(subject) is not held
    for each in (subject, other_subject):
        await name(here, each, "One")
    await here.check()
    assert await named(here, subject) == "One"


async def test_teams_and_users_are_remembered_apart(subject: Subject, here: Settings) -> None:
    held = await here.of(subject)
    colleague = replace(subject, user_id=UserId(new_id()))
    assert await here.of(colleague) is not held
    assert await here.of(subject) is held


async def test_an_older_builds_value_does_not_stop_anybody(
    database: Database, subject: Subject, here: Settings, owner_address: str
) -> None:
    await name(here, subject, "One")
    async with database.pipelined(subject) as connection:
        await connection.execute(
            """UPDATE settings SET content = '{"name": "One", "accent": "red", "gone": 1}'"""
        )
    time_is_up = Settings(database)
    theme = (await time_is_up.of(subject)).values(Theme)
    assert (theme.name, theme.accent) == ("One", None)


async def test_nobody_reads_or_writes_past_their_level(
    database: Database, subject: Subject, other_subject: Subject, here: Settings
) -> None:
    await name(here, subject, "One")
    async with database.pipelined(other_subject) as connection:
        cursor = await connection.execute("SELECT count(*) FROM settings")
    assert await cursor.fetchone() == (0,)
    with pytest.raises(errors.InsufficientPrivilege):
        async with database.pipelined(other_subject) as connection:
            await connection.execute(
                "INSERT INTO settings (org_id, id, name, content, version, updated_by, revision,"
                " changed_at, created_at, updated_at) VALUES (%(org)s, %(id)s, 'theme', '{}', 1,"
                " %(id)s, %(id)s, now(), now(), now())",
                {"org": subject.org_id, "id": subject.user_id},
            )
