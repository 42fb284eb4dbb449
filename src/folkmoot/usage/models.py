"""Tables of the usage slice."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model, OrgScoped
from folkmoot.kit.ids import CallId, RunId, TeamId, UserId


class ModelCall(Model, OrgScoped, kw_only=True):
    """One call of a model, as it was billed. A row is never changed, but may lose its user.

    `micro_usd` is None where no price is known, `estimated` that the provider told no tokens.
    `agent`, `run_id` and `conversation` are of the run that asked, if one did.
    """

    __tablename__ = "model_calls"
    __table_args__ = (
        Index("ix_model_calls_at", "org_id", "at"),
        Index("ix_model_calls_user", "org_id", "user_id", "at"),
    )

    id: Mapped[CallId] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    user_id: Mapped[UserId | None]
    team_id: Mapped[TeamId | None]
    agent: Mapped[str | None]
    run_id: Mapped[RunId | None]
    conversation: Mapped[str | None]
    provider: Mapped[str]
    model: Mapped[str]
    operation: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]
    cached_input_tokens: Mapped[int]
    reasoning_tokens: Mapped[int]
    micro_usd: Mapped[int | None]
    estimated: Mapped[bool]
