"""The one failure of this room."""

from folkmoot.kit.errors import Unavailable


class EmbeddedPostgresFailed(Unavailable):
    """The embedded server could not be started, joined or stopped; `log` is the end of its log."""

    code = "embedded_postgres_failed"

    def __init__(self, detail: str, *, log: str = "") -> None:
        super().__init__(detail, retry_after=5)
        self.log = log

    def __str__(self) -> str:
        return f"{self.detail}\n{self.log}" if self.log else self.detail
