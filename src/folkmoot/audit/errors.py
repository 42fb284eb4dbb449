"""Failures of the audit trail."""

from folkmoot.kit.errors import Unavailable


class SinkUnavailable(Unavailable):
    """A sink did not take events; they stay in the outbox and are sent again."""

    code = "audit_sink_unavailable"

    def __init__(self, sink: str, reason: str) -> None:
        super().__init__(f"{sink} does not take events: {reason}")
