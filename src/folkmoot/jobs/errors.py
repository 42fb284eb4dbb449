"""Failures the queue can report."""

from folkmoot.kit.errors import Unavailable


class JobsUnattended(Unavailable):
    """Jobs wait, and no process works on any."""

    code = "jobs_unattended"

    def __init__(self) -> None:
        super().__init__("Jobs wait, and no process works on them: run `folkmoot worker`.")
