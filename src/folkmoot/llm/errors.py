"""Ways in which a model can fail. Nothing in a detail comes from a key or from inside a provider.

What a provider said appears only as one short line that was cleaned with `errors.clean`.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import ClassVar, Final

from pydantic import JsonValue

from folkmoot.kit.errors import AppError, Conflict, NotFound, RateLimited, Unavailable
from folkmoot.kit.redact import redact_secrets

BUSY: Final = 5  # seconds until somebody may ask again
LINE: Final = 300  # characters of a provider's message that are shown


def clean(message: str) -> str:
    """Return a provider's message as one short line without control characters or credentials."""
    printable = "".join(char if char.isprintable() else " " for char in message[: LINE * 4])
    line = redact_secrets(" ".join(printable.split()))
    return line if len(line) <= LINE else line[: LINE - 1] + "…"


class ModelError(AppError):
    """A model could not answer. `model` is the name it was asked by, `provider:name`."""

    code = "model_failed"
    status = HTTPStatus.BAD_GATEWAY
    retryable: ClassVar[bool] = False
    """Whether asking again may help, as long as nothing of the answer was handed on."""

    def __init__(self, model: str, detail: str, **members: JsonValue) -> None:
        super().__init__(f"{model} {detail}", model=model, **members)
        self.model = model


class ModelUnavailable(ModelError, Unavailable):
    """The provider does not answer or says that it can not. `wait` (s) is what it asked for."""

    code = "model_unavailable"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    retryable = True

    def __init__(
        self, model: str, detail: str = "does not answer.", *, wait: int | None = None
    ) -> None:
        super().__init__(model, detail)
        self.wait = wait
        self.retry_after = self.retry_after if wait is None else wait


class ModelRateLimited(ModelUnavailable):
    code = "model_rate_limited"

    def __init__(self, model: str, *, wait: int | None = None) -> None:
        super().__init__(model, "is asked more often than its provider allows.", wait=wait)


class ModelCircuitOpen(ModelUnavailable):
    """It failed so often that nobody asks it for a while; `wait` says for how long."""

    code = "model_circuit_open"
    retryable = False

    def __init__(self, model: str, *, wait: int) -> None:
        super().__init__(model, f"has failed again and again and rests for {wait} s.", wait=wait)


class ModelBusy(ModelError, RateLimited):
    """As many calls are made to its provider as may be, and as many of the caller's wait."""

    code = "model_busy"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, model: str) -> None:
        super().__init__(model, "is asked by too many at the same time.", retry_after=BUSY)


class ModelQuotaUsedUp(ModelError, Unavailable):
    """Paid or free quota is gone: waiting a little does not help."""

    code = "model_quota_used_up"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, model: str) -> None:
        super().__init__(model, "has used up its quota with the provider.")
        self.retry_after = 3600


class ModelsClosed(ModelError, Unavailable):
    """This process is shutting down; another one may go on."""

    code = "models_closed"
    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, model: str) -> None:
        super().__init__(model, "is asked by a process that is shutting down.")


class ModelTimedOut(ModelError):
    """The provider was silent for too long: `waiting_for` says before what, `seconds` how long.

    Asking again would be waited for, and perhaps paid for, a second time.
    """

    code = "model_timed_out"
    status = HTTPStatus.GATEWAY_TIMEOUT

    def __init__(self, model: str, waiting_for: str, seconds: float) -> None:
        super().__init__(model, f"was silent for {seconds:g} s; {waiting_for} was due.")


class ModelDeadlineExceeded(ModelError):
    """The answer as a whole took longer than it may, retries included."""

    code = "model_deadline_exceeded"
    status = HTTPStatus.GATEWAY_TIMEOUT

    def __init__(self, model: str, seconds: float) -> None:
        super().__init__(model, f"did not finish its answer within {seconds:g} s.")


class ModelRejected(ModelError):
    """The provider refuses the request; `message` is its own short reason."""

    code = "model_rejected"

    def __init__(self, model: str, message: str, *, provider_status: int | None = None) -> None:
        said = clean(message) or "no reason given"
        super().__init__(model, f"rejected the request: {said}", provider_status=provider_status)


class ModelKeyRefused(ModelError):
    code = "model_key_refused"

    def __init__(self, model: str) -> None:
        super().__init__(model, "can not be asked: its provider refuses the configured key.")


class ModelKeyUnreadable(ModelError, Conflict):
    """There is a key of the caller's own for it, and it does not open; no other is taken."""

    code = "model_key_unreadable"
    status = HTTPStatus.CONFLICT

    def __init__(self, model: str) -> None:
        super().__init__(model, "can not be asked: the key kept for it does not open. Set it anew.")


class ModelAnswerMalformed(ModelError):
    """What came is not what the wire format promises: a page, broken JSON, nothing, too much."""

    code = "model_answer_malformed"
    retryable = True

    def __init__(self, model: str, what: str) -> None:
        super().__init__(model, f"sent an answer that can not be read: {what}.")


class ModelStreamCut(ModelError):
    """The stream broke off before its end. What had come was handed on and stands for itself."""

    code = "model_stream_cut"
    retryable = True

    def __init__(self, model: str, reason: str = "the connection was lost") -> None:
        super().__init__(
            model, f"broke off in the middle of its answer: {clean(reason).rstrip('.')}."
        )


class ModelUnknown(NotFound):
    """No such model can be asked here; the detail lists what is configured."""

    code = "model_unknown"

    def __init__(self, name: str, configured: Sequence[str]) -> None:
        known = ", ".join(configured) or "none"
        super().__init__(
            f"{clean(name)[:100]!r} is no model that can be used here. Models are named "
            f"provider:name; configured providers: {known}.",
            configured=list(configured),
        )


class ModelKeyMissing(Conflict):
    """The provider is known, but there is no key for it."""

    code = "model_key_missing"

    def __init__(self, provider: str, configured: Sequence[str]) -> None:
        known = ", ".join(configured) or "none"
        super().__init__(
            f"There is no key for {provider}. Configured providers: {known}.",
            provider=provider,
            configured=list(configured),
        )


class ModelNotLoaded(Conflict):
    """The provider comes as Python, and that does not make this model."""

    code = "model_not_loaded"

    def __init__(self, model: str, message: str) -> None:
        super().__init__(f"{model} can not be loaded: {clean(message)}", model=model)
