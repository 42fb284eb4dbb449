"""Reading the ledger of model calls as nobody else may."""

from typing import Any

import psycopg
from psycopg.rows import dict_row


def ledger(superuser_address: str, **wanted: object) -> list[dict[str, Any]]:
    """Return the calls in the order in which they were made, of all organisations."""
    with psycopg.connect(superuser_address, row_factory=dict_row) as connection:
        rows = connection.execute("SELECT * FROM model_calls ORDER BY at, id").fetchall()
    return [row for row in rows if all(row[name] == value for name, value in wanted.items())]
