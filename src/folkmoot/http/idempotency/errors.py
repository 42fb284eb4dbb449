"""How a key can be refused. Statuses are those of draft-ietf-httpapi-idempotency-key-header."""

from http import HTTPStatus

from folkmoot.kit.errors import AppError, Busy, Conflict, Invalid


class IdempotencyKeyInvalid(AppError):
    code = "idempotency_key_invalid"
    status = HTTPStatus.BAD_REQUEST

    def __init__(self) -> None:
        super().__init__("Idempotency-Key takes 1 to 255 printable ASCII characters.")


class IdempotencyKeyReused(Invalid):
    """The key belongs to another request."""

    code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was sent before with a different request.")


class AnswerNotKept(Conflict):
    """The first request under the key has had its effect; what it was answered is lost."""

    code = "answer_not_kept"

    def __init__(self) -> None:
        detail = "This was done when it was first sent, but its answer could not be kept."
        super().__init__(detail)


class RequestInFlight(Busy):
    """The first request under the key has no answer yet."""

    code = "request_in_flight"

    def __init__(self, *, retry_after: int) -> None:
        detail = "A request with this Idempotency-Key is being answered right now."
        super().__init__(detail, retry_after=retry_after)
