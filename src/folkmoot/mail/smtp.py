"""Handing a letter to a mail server (RFC 5321), away from the event loop."""

import asyncio
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

from anyio import CapacityLimiter, to_thread

from folkmoot.kit import clock
from folkmoot.kit.ids import LetterId
from folkmoot.mail.errors import LetterRefused, MailAway
from folkmoot.mail.letters import Letter

ANSWER: Final = 15.0
"""Seconds that the server has for each answer."""
ALTOGETHER: Final = 60.0
"""Seconds for a letter; a server that drips its answers gets no more."""

AT_ONCE: Final = 2
"""Letters that one process sends at the same time."""

TLS: Final = "smtps"
PORTS: Final = {"smtp": 587, TLS: 465}
DOMAIN: Final = re.compile(r"[\w.:\[\]-]+")

FOR_GOOD: Final = 500
"""Answers from here on mean: do not try again."""


def _turns() -> CapacityLimiter:
    return CapacityLimiter(AT_ONCE)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in, and whom they come from.

    Attributes:
        url: `smtp://` or `smtps://` (TLS from the first byte), with name and password if need be.
            By `smtp` TLS is begun if the server offers it, and no password is sent without it.
        sender: The address letters come from, with or without a name.
    """

    url: str = field(repr=False)
    sender: str
    _turns: CapacityLimiter = field(init=False, repr=False, default_factory=_turns)

    async def deliver(self, letter_id: LetterId, letter: Letter) -> None:
        """Hand a letter in.

        Raises:
            MailAway: Try again later.
            LetterRefused: It will not be taken.
        """
        message = _message(letter_id, letter, self.sender)
        try:
            async with asyncio.timeout(ALTOGETHER):
                await to_thread.run_sync(
                    self._hand_in, message, abandon_on_cancel=True, limiter=self._turns
                )
        except (OSError, smtplib.SMTPException) as error:  # a time-out is an OSError
            raise _meaning(error) from error

    def _hand_in(self, message: EmailMessage) -> None:
        with self._connected() as server:
            server.send_message(message)

    def _connected(self) -> smtplib.SMTP:
        parts, trust = urlsplit(self.url), ssl.create_default_context()
        host, port = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
        if parts.scheme == TLS:
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=ANSWER, context=trust)
        else:
            server = smtplib.SMTP(host, port, timeout=ANSWER)
        try:
            self._introduce(server, trust)
        except BaseException:
            server.close()
            raise
        return server

    def _introduce(self, server: smtplib.SMTP, trust: ssl.SSLContext) -> None:
        parts = urlsplit(self.url)
        server.ehlo_or_helo_if_needed()
        if parts.scheme != TLS and server.has_extn("starttls"):
            server.starttls(context=trust)
            server.ehlo()
        elif parts.scheme != TLS and parts.username:
            raise smtplib.SMTPNotSupportedError("no TLS, and a password is not sent without")
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))


def _message(letter_id: LetterId, letter: Letter, sender: str) -> EmailMessage:
    name, address = parseaddr(sender)
    message = EmailMessage()
    try:
        message["From"] = _address(address, name)
        message["To"] = _address(letter.to)
    except ValueError as error:
        raise LetterRefused("an address is none") from error
    message["Subject"] = " ".join(letter.subject.split())
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{letter_id}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday replies, please
    message.set_content(letter.text)
    return message


def _address(written: str, name: str = "") -> Address:
    """Return an address that no writing can turn into several."""
    user, _, domain = written.rpartition("@")
    if not user or not DOMAIN.fullmatch(domain):
        raise ValueError(written)
    return Address(name, user, domain)  # quotes the user's part if need be


def _meaning(error: OSError | smtplib.SMTPException) -> MailAway | LetterRefused:
    """Tell what may go better later from what will not. No address gets into the reason."""
    reason = type(error).__name__
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return _by_code(min(codes), reason)
    if isinstance(error, smtplib.SMTPResponseException):
        return _by_code(error.smtp_code, reason)
    if isinstance(error, smtplib.SMTPNotSupportedError | ssl.SSLCertVerificationError):
        return LetterRefused(reason)
    return MailAway(reason)


def _by_code(code: int, reason: str) -> MailAway | LetterRefused:
    named = f"{reason} {code}"
    return LetterRefused(named) if code >= FOR_GOOD else MailAway(named)
