"""Ways in which a tool call can fail. The model is told and may try again; the run goes on."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Invalid
from folkmoot.runs.errors import OutcomeUnknown


class ArgumentsInvalid(Invalid):
    """The model's arguments do not fit the tool's schema; says where and why."""

    code = "tool_arguments_invalid"

    def __init__(self, faults: list[str]) -> None:
        super().__init__(f"The arguments do not fit: {'; '.join(faults)}.")


class ToolTimedOut(AppError):
    code = "tool_timed_out"
    status = HTTPStatus.GATEWAY_TIMEOUT

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(f"{name} gave no result within {seconds:g} s.")


class ToolUnheardOf(OutcomeUnknown):
    """A tool with an effect gave no result in time: it may have done what it was to do."""

    def __init__(self, name: str, seconds: float) -> None:
        super().__init__(
            f"{name} gave no result within {seconds:g} s. It may have taken effect all the same;"
            " somebody has to look at it. Do not repeat it."
        )
