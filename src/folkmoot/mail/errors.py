"""Why a letter was not sent."""

from folkmoot.kit.errors import AppError, Unavailable


class MailAway(Unavailable):
    """The server can not be reached, or asks to be tried again later."""

    code = "mail_away"

    def __init__(self, reason: str) -> None:
        super().__init__("The mail server does not take letters at the moment.", reason=reason)


class LetterRefused(AppError):
    """The server does not want this letter, or has been away for too long."""

    code = "letter_refused"

    def __init__(self, reason: str) -> None:
        super().__init__("The letter could not be sent.", reason=reason)
