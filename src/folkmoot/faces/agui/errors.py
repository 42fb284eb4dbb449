"""Failures that the AG-UI face itself can report."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Invalid


class InputInvalid(Invalid):
    """The body is no `RunAgentInput` that can be answered; `pointer` says where (RFC 6901)."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(
            "The request does not fit what this operation takes.",
            errors=[{"pointer": pointer, "detail": detail}],
        )


class NotJson(AppError):
    code = "unsupported_media_type"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE

    def __init__(self) -> None:
        super().__init__("The body must be application/json.")
