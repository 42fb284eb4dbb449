"""Whether this process takes runs and can write their logs."""

from folkmoot.runs.errors import LeaseLost, LogBehind, RunsDraining
from folkmoot.runs.supervisor import Supervisor


def check(supervisor: Supervisor) -> None:
    """Fail if it does not or cannot.

    Raises:
        RunsDraining: The process is about to stop.
        LeaseLost: Another process took this one for dead.
        LogBehind: What runs emit cannot be stored, or not fast enough.
    """
    if supervisor.draining:
        raise RunsDraining
    if supervisor.lease.process_id is None:
        raise LeaseLost
    if supervisor.writer.behind:
        raise LogBehind
