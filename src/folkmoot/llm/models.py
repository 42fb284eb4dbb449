"""The table of the model gateway."""

from datetime import datetime

from sqlalchemy import Integer
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model


class ModelBreaker(Model, kw_only=True):
    """That a provider is left alone for a while, under one credential, by all processes.

    `key` is a digest of both. `opened` counts how often that was so in a row; somebody tries it
    until `probe_until`. The table is not logged: after a crash of the database all are tried.
    """

    __tablename__ = "model_breakers"
    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012 - SQLAlchemy's own form

    key: Mapped[bytes] = mapped_column(primary_key=True)
    open_until: Mapped[datetime]
    opened: Mapped[int] = mapped_column(Integer)
    probe_until: Mapped[datetime | None] = mapped_column(default=None)
