"""What a sink is to the outbox."""

from collections.abc import Sequence
from typing import Protocol

from folkmoot.audit.models import AuditEvent


class Sink(Protocol):
    """A place outside that keeps events of all organisations."""

    @property
    def name(self) -> str:
        """What its cursors are called; another place is another name, and gets everything."""
        ...

    async def deliver(self, events: Sequence[AuditEvent]) -> None:
        """Keep events of one organisation; those that it has already stay as they are.

        Raises:
            SinkUnavailable: It does not have all of them.
        """
        ...
