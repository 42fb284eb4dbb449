"""Tables of the runs slice."""

from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, ForeignKeyConstraint, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit import clock
from folkmoot.kit.ids import ApiKeyId, ProcessId, RunId, UserId
from folkmoot.runs.states import RunState


class Process(Model, kw_only=True):
    """A process that holds runs. Its lease is one row: `alive` is the fence of all its writes.

    Who leaves takes the row along; that of a process that died stays for a day.
    """

    __tablename__ = "processes"

    id: Mapped[ProcessId] = mapped_column(primary_key=True)
    name: Mapped[str]
    alive: Mapped[bool] = mapped_column(default=True)
    started_at: Mapped[datetime] = mapped_column(default_factory=clock.now)
    lease_until: Mapped[datetime]


class Run(Model, OrgScoped, kw_only=True):
    """A durable unit of work.

    `seq` and `head` are set when it ends: the length of its log and the head of its hash chain.
    `attempt` counts how often it was taken up, `deaths` how many processes have died over it.
    `erased_at` says since when its contents are erased, because its user has gone.
    One that was interrupted is `waiting` until what it asked is decided; what continues it names
    it as `parent_run_id`. One that another has begun for a tool call names both, that run and, as
    `parent_call_id`, the call.
    One that is `queued` waits until nobody holds the concurrency key that it names as `behind`; who
    holds it is `followed`.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("org_id", "user_id", "client_id", name="uq_runs_client"),
        Index(
            "uq_runs_active",
            "org_id",
            "concurrency_key",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running') OR waiting"),
        ),
        Index(
            "ix_runs_parent",
            "org_id",
            "parent_run_id",
            postgresql_where=text("parent_run_id IS NOT NULL"),
        ),
        Index(
            "uq_runs_call",
            "org_id",
            "parent_run_id",
            "parent_call_id",
            unique=True,
            postgresql_where=text("parent_call_id IS NOT NULL"),
        ),
        ForeignKeyConstraint(
            ["org_id", "parent_run_id"],
            ["runs.org_id", "runs.id"],
            name="fk_runs_parent",
            ondelete="SET NULL (parent_run_id)",
        ),
        Index("ix_runs_queued", "org_id", "id", postgresql_where=text("state = 'queued'")),
        Index(
            "ix_runs_behind",
            "org_id",
            "behind",
            "id",
            postgresql_where=text("behind IS NOT NULL AND state = 'queued'"),
        ),
        Index(
            "ix_runs_unsaid",
            "org_id",
            "user_id",
            "thread_id",
            postgresql_where=text("state IN ('failed', 'cancelled', 'interrupted')"),
        ),
        Index(
            "ix_runs_held", "process_id", postgresql_where=text("state IN ('queued', 'running')")
        ),
    )

    id: Mapped[RunId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId]
    kind: Mapped[str]
    state: Mapped[RunState] = mapped_column(Text)
    input: Mapped[dict[str, Any]]
    client_id: Mapped[str]
    thread_id: Mapped[str]
    fingerprint: Mapped[bytes]
    concurrency_key: Mapped[str | None]
    scopes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    key_id: Mapped[ApiKeyId | None]
    process_id: Mapped[ProcessId | None]
    attempt: Mapped[int] = mapped_column(Integer)
    deaths: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    seq: Mapped[int | None] = mapped_column(Integer)
    head: Mapped[bytes | None]
    usage: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    cancel_requested_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None] = mapped_column(default=None)
    waiting: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    parent_run_id: Mapped[RunId | None] = mapped_column(default=None)
    parent_call_id: Mapped[str | None] = mapped_column(default=None)
    behind: Mapped[str | None] = mapped_column(default=None)
    followed: Mapped[bool] = mapped_column(server_default=text("false"), default=False)


class RunEvent(Model, OrgScoped, kw_only=True):
    """One committed event. An erased one keeps `digest` and loses `payload` and `salt`."""

    __tablename__ = "run_events"

    run_id: Mapped[RunId] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    at_ms: Mapped[int]
    type: Mapped[str]
    payload: Mapped[str | None]
    salt: Mapped[bytes | None]
    digest: Mapped[bytes | None]
    hash: Mapped[bytes]


class LedgerEntry(Model, OrgScoped, kw_only=True):
    """A tool call with an effect: started before it is called, finished with its result."""

    __tablename__ = "tool_calls"
    __table_args__ = (
        ForeignKeyConstraint(["org_id", "run_id"], ["runs.org_id", "runs.id"], ondelete="CASCADE"),
    )

    run_id: Mapped[RunId] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    arguments_digest: Mapped[bytes]
    state: Mapped[str]
    result: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]
