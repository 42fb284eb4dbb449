"""The queue's table, as the library keeps it, and what went wrong with its jobs."""

from datetime import datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import ENUM, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from folkmoot.db.model import Model
from folkmoot.jobs.states import JobStatus


def _values(states: type[JobStatus]) -> list[str]:
    return [state.value for state in states]


STATUS: Final = ENUM(
    JobStatus,
    name="procrastinate_job_status",
    values_callable=_values,
    create_type=False,
)


class Library(DeclarativeBase):
    """The root of tables that are a library's: our migrations do not make them."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {str: Text, dict[str, Any]: JSONB}


class StoredJob(Library):
    """A job: the library's own row, of which we name what is shown."""

    __tablename__ = "procrastinate_jobs"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    queue_name: Mapped[str]
    task_name: Mapped[str]
    args: Mapped[dict[str, Any]]
    status: Mapped[JobStatus] = mapped_column(STATUS)
    scheduled_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(Integer)


class JobError(Model, kw_only=True):
    """What a job failed with when it was last tried. It goes with the job's row."""

    __tablename__ = "job_errors"

    job_id: Mapped[int] = mapped_column(primary_key=True)
    error: Mapped[str]
    location: Mapped[str | None]
    at: Mapped[datetime]
