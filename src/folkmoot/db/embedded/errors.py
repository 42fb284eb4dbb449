"""The one failure of this room."""

from folkmoot.kit.errors import Unavailable


class EmbeddedPostgresFailed(Unavailable):
    """The embedded server could not be started, joined or stopped.

    `reason` and `log`, the end of the server's log, are for the operator: they name paths. What
    a client may see is the detail, which says nothing of this machine.
    """

    code = "embedded_postgres_failed"

    def __init__(self, reason: str, *, log: str = "") -> None:
        super().__init__("The database does not answer. Please try again shortly.", retry_after=5)
        self.reason = reason
        self.log = log

    def __str__(self) -> str:
        return f"{self.reason}\n{self.log}" if self.log else self.reason
