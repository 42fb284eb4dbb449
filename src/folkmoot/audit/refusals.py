"""Recording what somebody tried and was refused: the attempt itself has left nothing behind."""

from collections import OrderedDict
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from folkmoot.audit import trail
from folkmoot.db.work import Database
from folkmoot.kit import clock
from folkmoot.kit.errors import AppError
from folkmoot.kit.subject import Subject

AGAIN: Final = 60.0
"""Seconds after which the same is worth another event."""

REMEMBERED: Final = 10_000

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Refusals:
    """Puts refusals into the trail of the organisation where they were met.

    Of the same one there is an event a minute in each process, so that nobody can fill a trail by
    knocking at a door again and again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: OrderedDict[tuple[object, ...], float] = OrderedDict()

    async def __call__(
        self, subject: Subject, failure: AppError, *, method: str, route: str
    ) -> None:
        """Record that a caller was refused; the refusal stands, whether this succeeds or not."""
        if not self._is_news((subject.org_id, subject.user_id, failure.code, method, route)):
            return
        tried = {"code": failure.code, "method": method, "route": route, **failure.members}
        try:
            async with self._database.work(subject) as work:
                await trail.record(work, "access.refused", after=tried)
        except (AppError, SQLAlchemyError) as error:
            log.warning("audit.refusal_not_recorded", error=type(error).__name__)

    def _is_news(self, about: tuple[object, ...]) -> bool:
        now = clock.monotonic()
        told = self._told.get(about)
        if told is not None and now - told < AGAIN:
            return False
        self._told.pop(about, None)
        while len(self._told) >= REMEMBERED:
            self._told.popitem(last=False)
        self._told[about] = now
        return True
