"""What can go wrong on the way out. Nothing here tells a closed port from a forbidden one."""

from folkmoot.kit.errors import AppError, Invalid


class OutboundError(AppError):
    """Something on the way to another machine's answer."""


class Unreachable(OutboundError, Invalid):
    """No such place, no answer, or a place that may not be reached: nobody learns which."""

    code = "address_unreachable"

    def __init__(self) -> None:
        super().__init__("The address can not be reached.")


class AnswerUnusable(OutboundError, Invalid):
    """A place that may be reached has answered, and badly."""

    code = "answer_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The answer can not be used: {reason}.", reason=reason)
