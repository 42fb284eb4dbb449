"""Tables of the mail room."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from folkmoot.db.model import Model
from folkmoot.kit import clock
from folkmoot.kit.ids import LetterId, UserId


class WaitingLetter(Model, kw_only=True):
    """A letter that has not been sent yet; `user_id` is on whose behalf it is. Sending deletes it.

    One that was given up stays with its job, for an operator to try again. What it says is sealed:
    nobody who reads this table gets in by a link in it.
    """

    __tablename__ = "letters"

    id: Mapped[LetterId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId]
    recipient: Mapped[str] = mapped_column(repr=False)
    subject: Mapped[str] = mapped_column(repr=False)
    sealed: Mapped[bytes] = mapped_column(repr=False)
    created_at: Mapped[datetime] = mapped_column(default_factory=clock.now, init=False)
