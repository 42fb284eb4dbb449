"""What is done again and again: bringing events to sinks, removing old ones."""

from collections.abc import Sequence
from typing import Final

from folkmoot.audit.outbox import Outbox
from folkmoot.audit.retention import Retention
from folkmoot.audit.sinks.port import Sink
from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue

QUEUE: Final = "audit"
EVERY_MINUTE: Final = "* * * * *"
EVERY_HOUR: Final = "17 * * * *"
"""A deployment that runs by day alone has no night in which to do it once."""


def register(
    queue: Queue, database: Database, *, sinks: Sequence[Sink], keep_days: int | None
) -> None:
    """Name the jobs that a deployment needs; without sinks and a retention time these are none."""
    if sinks:
        outbox = Outbox(database, sinks)
        queue.repeat("audit.deliver", outbox.deliver, queue=QUEUE, cron=EVERY_MINUTE)
    if keep_days is not None:
        retention = Retention(database, keep_days)
        queue.repeat("audit.remove", retention.remove, queue=QUEUE, cron=EVERY_HOUR)
