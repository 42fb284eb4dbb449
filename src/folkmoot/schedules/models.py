"""Tables of the schedules slice."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped, Stamped
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, RunId, ScheduleId, TickId, UserId, new_id
from folkmoot.schedules.states import CatchUp, Outcome, Overlap, Pause


class Schedule(Model, OrgScoped, Stamped, kw_only=True):
    """A question, when it is asked, and for whom.

    It is paused while there is a reason, and then it is never due. `scopes` and `key_id` are those
    of the key with which it was made: it may do no more than that, and for no longer.
    """

    __tablename__ = "schedules"
    __table_args__ = (
        ForeignKeyConstraint(["org_id"], ["organizations.id"], ondelete="CASCADE"),
        Index("ix_schedules_user", "org_id", "user_id", "id"),
        Index("ix_schedules_due", "next_run_at", postgresql_where=text("paused IS NULL")),
    )

    id: Mapped[ScheduleId] = mapped_column(
        primary_key=True, default_factory=lambda: ScheduleId(new_id())
    )
    user_id: Mapped[UserId]
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    key_id: Mapped[ApiKeyId | None]
    name: Mapped[str]
    asked: Mapped[dict[str, Any]]
    cron: Mapped[str]
    time_zone: Mapped[str]
    overlap: Mapped[Overlap] = mapped_column(Text)
    catch_up: Mapped[CatchUp] = mapped_column(Text)
    most_failures: Mapped[int | None] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    paused: Mapped[Pause | None] = mapped_column(Text, default=None)
    next_run_at: Mapped[datetime | None] = mapped_column(default=None)


class ScheduleTick(Model, OrgScoped, kw_only=True):
    """A moment at which a schedule was due or somebody ran it, and what came of that.

    The run that it began has the tick's id as its client's name.
    """

    __tablename__ = "schedule_ticks"
    __table_args__ = (
        UniqueConstraint("org_id", "schedule_id", "due_at", name="uq_schedule_ticks_due"),
        ForeignKeyConstraint(
            ["org_id", "schedule_id"], ["schedules.org_id", "schedules.id"], ondelete="CASCADE"
        ),
        Index(
            "ix_schedule_ticks_open",
            "org_id",
            "schedule_id",
            postgresql_where=text("outcome IN ('waiting', 'started')"),
        ),
    )

    id: Mapped[TickId] = mapped_column(primary_key=True, default_factory=lambda: TickId(new_id()))
    schedule_id: Mapped[ScheduleId]
    due_at: Mapped[datetime]
    outcome: Mapped[Outcome] = mapped_column(Text)
    by_hand: Mapped[bool] = mapped_column(default=False)
    run_id: Mapped[RunId | None] = mapped_column(default=None)
    error_code: Mapped[str | None] = mapped_column(default=None)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
