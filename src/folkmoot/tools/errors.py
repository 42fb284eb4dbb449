"""Ways in which a tool call can fail. The model is told and may try again; the run goes on."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Invalid


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
