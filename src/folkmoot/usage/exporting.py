"""Usage as a file: a line or a row for each group."""

from collections.abc import AsyncIterator, Iterable, Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

from folkmoot.db.work import Database
from folkmoot.kit.files import ExportFormat, harmless, table
from folkmoot.kit.page import Asked
from folkmoot.kit.subject import Subject
from folkmoot.usage import reporting
from folkmoot.usage.grouping import MEASURES
from folkmoot.usage.prices import DOLLAR
from folkmoot.usage.reporting import Group, Report

PAGE: Final = 5_000
"""Groups read at once: each time all are summed up."""

USD: Final = "usd"
"""The column of money for those who read tables."""


async def exported(
    database: Database, subject: Subject, report: Report, form: ExportFormat
) -> AsyncIterator[bytes]:
    """Yield all groups of a report, in their own order."""
    columns = (*report.fields, *MEASURES)
    render = _rows if form is ExportFormat.CSV else _lines
    if form is ExportFormat.CSV:
        yield table([(*columns, USD)])
    cursor: str | None = None
    while True:
        async with database.work(subject) as work:
            found = await reporting.groups(work, report, Asked("group", PAGE, cursor))
        if found.rows:
            yield render(found.rows, columns)
        cursor = found.next_cursor
        if cursor is None:
            return


def _lines(groups: Iterable[Group], columns: Sequence[str]) -> bytes:
    return b"".join(
        orjson.dumps({name: group[name] for name in columns}) + b"\n" for group in groups
    )


def _rows(groups: Iterable[Group], columns: Sequence[str]) -> bytes:
    return table([*(_cell(group[name]) for name in columns), _usd(group)] for group in groups)


def _cell(value: Any) -> str:  # noqa: ANN401 - whatever the column holds
    return "" if value is None else harmless(str(value))


def _usd(group: Group) -> str:
    return f"{Decimal(group['micro_usd']) / DOLLAR:f}"
