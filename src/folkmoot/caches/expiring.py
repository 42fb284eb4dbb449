"""What is over is not only not given again: it goes."""

from dataclasses import dataclass
from typing import Final

from folkmoot.db.work import Database
from folkmoot.jobs.queue import Queue

QUEUE: Final = "caches"
TIMES: Final = "7,22,37,52 * * * *"
EXPIRE: Final = "SELECT org_id FROM cached_answers_expire()"


@dataclass(frozen=True, slots=True)
class Expiry:
    """The job that forgets answers whose time is over; register it once per process."""

    database: Database

    def register(self, queue: Queue) -> None:
        """Have it done again and again."""
        queue.repeat("caches.expire", self.run, queue=QUEUE, cron=TIMES)

    async def run(self) -> None:
        """Forget what is over, of all organisations."""
        async with self.database.unscoped() as connection:
            await connection.execute(EXPIRE)
