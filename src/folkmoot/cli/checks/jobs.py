"""Checks of background jobs."""

import psycopg

from folkmoot.cli.checks.finding import Finding, good, warning
from folkmoot.jobs import backlog


def jobs(address: str) -> Finding:
    """Check that none was given up."""
    with psycopg.connect(address) as connection:
        counted = connection.execute(backlog.COUNT).fetchall()
    given_up = [f"{name} ({count})" for name, state, count in counted if state == "given_up"]
    if given_up:
        remedy = "`folkmoot jobs list --state dead` says why, `folkmoot jobs retry` tries again."
        return warning("jobs", f"Given up after several attempts: {', '.join(given_up)}.", remedy)
    return good("jobs", "None was given up.")
