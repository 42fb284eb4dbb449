"""Failures the runs slice can report."""

from folkmoot.kit.errors import AppError, Conflict, Forbidden, NotFound, RateLimited, Unavailable


class RunNotFound(NotFound):
    code = "run_not_found"

    def __init__(self) -> None:
        super().__init__("No run with this id is visible to you.")


class RunActive(Conflict):
    """Another run holds the same concurrency key, such as the conversation."""

    code = "run_active"

    def __init__(self) -> None:
        super().__init__("Another run is active here. Wait for its end or cancel it.")


class RunIdReused(Conflict):
    """The client's run id is taken by a run with another body."""

    code = "run_id_reused"

    def __init__(self) -> None:
        super().__init__("This run id was used before for a different request.")


class LeaseLost(Unavailable):
    """Another process took this one for dead and carries its runs on."""

    code = "lease_lost"

    def __init__(self) -> None:
        super().__init__("This process lost its runs to another one.")


class LogBehind(Unavailable):
    """What runs emit waits to be stored: the database is away, or slower than they are."""

    code = "log_behind"

    def __init__(self) -> None:
        super().__init__("Logs of runs cannot be stored at the moment.")


class LogRejected(AppError):
    """The database refuses what a run has written."""

    code = "log_rejected"

    def __init__(self) -> None:
        super().__init__("The run's log could not be stored.")


class LogUnreadable(AppError):
    """What a run has written cannot be understood any more, so that nobody can go on with it."""

    code = "log_unreadable"

    def __init__(self) -> None:
        super().__init__("The run's log cannot be read.")


class GivenUp(AppError):
    """Too many processes have died over a run."""

    code = "given_up"

    def __init__(self) -> None:
        super().__init__("The run was taken up too often without an end.")


class NoLongerAdmitted(Forbidden):
    """Who has asked for a run has lost their place, their key or a right since."""

    code = "no_longer_admitted"

    def __init__(self) -> None:
        super().__init__("Who has asked for this may not do it here any more.")


class OutcomeUnknown(AppError):
    """A tool call may have taken effect or not; the message tells the model."""

    code = "tool_outcome_unknown"


class CallChanged(Conflict):
    """A tool call's id stands for a call with other arguments."""

    code = "tool_call_changed"

    def __init__(self) -> None:
        super().__init__("This tool call was made before with other arguments.")


class RunsDraining(Unavailable):
    """The process is about to stop and takes no new runs."""

    code = "draining"

    def __init__(self) -> None:
        super().__init__("This process is shutting down. Please try again.", retry_after=1)


class TooManyRuns(RateLimited):
    """The process runs as much as it can hold."""

    code = "too_many_runs"

    def __init__(self) -> None:
        super().__init__("Too many runs are active. Please try again shortly.", retry_after=2)


class TooManyQueued(RateLimited):
    """So many runs of an organisation wait for a worker that it has to wait itself."""

    code = "too_many_queued_runs"

    def __init__(self) -> None:
        super().__init__(
            "Too many runs of your organization wait for a worker. Please try again later.",
            retry_after=30,
        )


class StillRunning(Unavailable):
    """What runs cannot be erased: its log is still being written."""

    code = "still_running"

    def __init__(self) -> None:
        super().__init__("A run that was cancelled has not come to its end yet.")
