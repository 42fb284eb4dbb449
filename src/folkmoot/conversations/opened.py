"""What comes of opening a turn."""

from dataclasses import dataclass

from folkmoot.kit.ids import RunId


@dataclass(frozen=True, slots=True)
class Opened:
    """The run that answers a question, or will; `begun` says that this very request made it."""

    run_id: RunId
    begun: bool
