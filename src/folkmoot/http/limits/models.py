"""The table of counters."""

from datetime import datetime

from sqlalchemy import Double, Integer
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model


class RateLimit(Model, kw_only=True):
    """How far a limit is used up; a row that is full again says no more than none.

    `key` is a digest of whom it counts. The table is not logged: after a crash of the database
    counting begins anew.
    """

    __tablename__ = "rate_limits"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[bytes] = mapped_column(primary_key=True)
    full_at: Mapped[datetime] = mapped_column(index=True)
    granted: Mapped[int] = mapped_column(Integer)
    spacing: Mapped[float] = mapped_column(Double)
    period: Mapped[float] = mapped_column(Double)
