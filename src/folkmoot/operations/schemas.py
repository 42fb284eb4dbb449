"""What platform admins see of jobs and runs."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from folkmoot.kit.ids import OrgId, ProcessId, RunId, UserId
from folkmoot.kit.schema import Schema
from folkmoot.runs.states import RunState


class JobState(StrEnum):
    """Where a job stands. A dead one has failed each time that it was tried."""

    WAITING = "waiting"
    RUNNING = "running"
    DEAD = "dead"


class JobRead(Schema):
    """A job in the queue; what has succeeded is not kept."""

    id: int
    kind: str = Field(examples=["knowledge.purge"])
    state: JobState
    organization_id: OrgId | None = Field(description="Whose it is, if it is one's.")
    attempts: int = Field(description="How often it was tried.")
    due_at: datetime | None = Field(description="When it is tried, if it is to wait for that.")
    error: str | None = Field(
        description="What it last failed with, without secrets and personal data.",
        examples=["ValueError: not a number"],
    )
    failed_at: datetime | None


class JobDetails(JobRead):
    """A job, and what an operator may want to know besides."""

    queue: str = Field(examples=["knowledge"])
    about: dict[str, str] = Field(
        description="The ids that it is about.", examples=[{"run_id": "019a8f3c-1c7e-7d90-8a4b"}]
    )
    location: str | None = Field(
        description="Where in the code it failed.",
        examples=["knowledge/ingesting/jobs.py:84 in purge"],
    )


class PlatformRun(Schema):
    """Where a run of some organisation stands, and in which process."""

    id: RunId
    organization_id: OrgId
    organization: str = Field(examples=["Analytical Engines"])
    user_id: UserId
    kind: str = Field(examples=["agent"])
    agent: str | None = Field(examples=["chat"])
    state: RunState
    process_id: ProcessId | None = Field(description="The process that has it, or had it last.")
    process: str | None = Field(description="Its name.", examples=["host-1:4711"])
    attempt: int
    deaths: int = Field(description="How many processes have died over it.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error_code: str | None = Field(examples=[None])
