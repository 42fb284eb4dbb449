"""What a failure of the database says, and what it must not."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from folkmoot.db import migrate
from folkmoot.db.errors import DatabaseUnavailable
from folkmoot.db.work import Database
from folkmoot.kit.subject import Subject

pytestmark = pytest.mark.anyio


async def test_a_failure_tells_the_statement_and_none_of_its_values(
    database: Database, subject: Subject
) -> None:
    wrong = text("SELECT :secret || 1 / 0")
    with pytest.raises(DBAPIError, match="division by zero") as failed:
        async with database.work(subject) as work:
            await work.session.execute(wrong, {"secret": "hunter2"})
    assert "1 / 0" in str(failed.value)
    assert "hunter2" not in str(failed.value)


async def test_a_row_that_breaks_a_rule_of_its_table_is_not_told(
    database: Database, subject: Subject
) -> None:
    wrong = text("UPDATE users SET name = NULL, password_hash = :secret")
    with pytest.raises(DBAPIError, match="not-null") as failed:
        async with database.work(subject) as work:
            await work.session.execute(wrong, {"secret": "hunter2"})
    assert "hunter2" not in str(failed.value)


@pytest.mark.parametrize(
    "address", ["host=127.0.0.1 port=1 password=hunter2", "postgresql://u:hunter2@[", "hunter2"]
)
def test_an_address_that_leads_nowhere_is_not_repeated(address: str) -> None:
    with pytest.raises(DatabaseUnavailable) as failed:
        migrate.current(address)
    assert "hunter2" not in "".join(traceback.format_exception(failed.value, limit=0))
