"""What the schedules slice takes in and gives out."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StringConstraints

from folkmoot.conversations.schemas import BackgroundRun, Title
from folkmoot.kit.ids import RunId, ScheduleId, TickId, UserId
from folkmoot.kit.schema import Change, Schema
from folkmoot.schedules.states import CatchUp, Outcome, Overlap, Pause

Cron = Annotated[str, StringConstraints(max_length=200), Field(examples=["0 9 * * 1-5"])]
ZoneName = Annotated[str, StringConstraints(max_length=100), Field(examples=["Europe/Warsaw"])]
Failures = Annotated[int, Field(ge=1, le=100)]

OVERLAP: Final = "What is done when it is due and its last run goes on: nothing, or one waits."
CATCH_UP: Final = "What is done about moments when no worker was there: one run for all, or none."
MOST_FAILURES: Final = "Failures in a row after which it is paused; null lets it go on for ever."


class ScheduleCreate(Schema):
    """A question, and when it is asked."""

    model_config = ConfigDict(extra="forbid")

    name: Title = Field(examples=["Morning report"])
    run: BackgroundRun = Field(description="What is asked each time, for you.")
    cron: Cron
    time_zone: ZoneName = Field(default="UTC", description="Where the clock hangs (IANA).")
    overlap: Overlap = Field(default=Overlap.SKIP, description=OVERLAP)
    catch_up: CatchUp = Field(default=CatchUp.ONCE, description=CATCH_UP)
    most_failures: Failures | None = Field(default=5, description=MOST_FAILURES)


class ScheduleUpdate(Change):
    """What may be changed of a schedule; what is left out stays."""

    name: Title | None = Field(default=None, examples=["Morning report"])
    run: BackgroundRun | None = None
    cron: Cron | None = None
    time_zone: ZoneName | None = None
    overlap: Overlap | None = None
    catch_up: CatchUp | None = None
    most_failures: Failures | None = Field(default=None, description=MOST_FAILURES)


class Preview(Schema):
    """What a cron expression means."""

    explained: str = Field(examples=["At 09:00 on Monday through Friday"])
    next_runs: list[datetime] = Field(description="The next five moments.")


class ScheduleRead(Schema):
    """A schedule."""

    id: ScheduleId
    name: str = Field(examples=["Morning report"])
    user_id: UserId = Field(description="For whom it asks.")
    run: BackgroundRun
    cron: str = Field(examples=["0 9 * * 1-5"])
    explained: str = Field(
        description="In words; empty if it cannot be read.",
        examples=["At 09:00 on Monday through Friday"],
    )
    time_zone: str = Field(examples=["Europe/Warsaw"])
    overlap: Overlap
    catch_up: CatchUp
    most_failures: int | None
    failures: int = Field(description="How often it has failed in a row.", examples=[0])
    paused: Pause | None = Field(
        description="Why it is paused: asked, failures in a row, that its maker lost their place or"
        " key, or that it is broken; null if it is not.",
        examples=[None],
    )
    broken: str | None = Field(
        description="Why it says no moment any more: `time_zone_unknown`, `cron_unreadable`.",
        examples=[None],
    )
    next_run_at: datetime | None
    next_runs: list[datetime] = Field(description="The next five moments; none while paused.")
    created_at: datetime
    updated_at: datetime


class TickRead(Schema):
    """A moment at which a schedule was due, and what came of it."""

    model_config = ConfigDict(from_attributes=True)

    id: TickId
    due_at: datetime
    outcome: Outcome
    by_hand: bool = Field(description="Whether somebody ran it.")
    run_id: RunId | None
    error_code: str | None = Field(
        description="Why it did not begin, or what its run failed with.", examples=[None]
    )
