"""A small mail server (RFC 5321) that keeps what it is given, or answers as a test wants."""

import asyncio
import base64
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from folkmoot.kit import clock


@dataclass(eq=False)
class PostOffice:
    """Keeps letters by their recipient.

    Attributes:
        answers: What is said instead of the usual, by the command it answers.
        tls: Whether STARTTLS is offered, and with what.
    """

    answers: dict[str, str] = field(default_factory=dict[str, str])
    tls: ssl.SSLContext | None = None
    port: int = 0
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list[tuple[str, EmailMessage]])
    passwords: list[str] = field(default_factory=list[str])
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def letter(self) -> tuple[str, EmailMessage]:
        """Wait for the next letter and take it out: to whom, and what."""
        async with asyncio.timeout(60):
            while not self.letters:
                self.arrived.clear()
                await self.arrived.wait()
        return self.letters.pop(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._say(writer, "CONNECT", "220 here")
            await self._converse(reader, writer)
        except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient, secure = "", False
        while line := (await reader.readline()).decode().strip():
            command = line.split(" ")[0].upper()
            if command == "EHLO":
                extensions = ["250-here", "250-AUTH PLAIN", "250-SMTPUTF8", "250 8BITMIME"]
                if self.tls and not secure:
                    extensions.insert(1, "250-STARTTLS")
                await self._say(writer, command, "\r\n".join(extensions))
            elif command == "STARTTLS" and self.tls:
                await self._say(writer, command, "220 go on")
                await writer.start_tls(self.tls)
                secure = True
            elif command == "AUTH":
                self.passwords.append(base64.b64decode(line.split(" ")[2]).decode())
                await self._say(writer, command, "235 welcome")
            elif command == "DATA":
                await self._say(writer, command, "354 go on")
                content = await reader.readuntil(b"\r\n.\r\n")
                self._keep(recipient, content[:-3].replace(b"\r\n..", b"\r\n."))
                await self._say(writer, "END", "250 kept")
            elif command == "QUIT":
                await self._say(writer, command, "221 bye")
                return
            else:
                if command == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                await self._say(writer, command, "250 fine")

    def _keep(self, recipient: str, content: bytes) -> None:
        message = message_from_bytes(content, policy=policy.default)
        self.letters.append((recipient, message))
        self.arrived.set()

    async def _say(self, writer: asyncio.StreamWriter, command: str, usual: str) -> None:
        writer.write(f"{self.answers.get(command, usual)}\r\n".encode())
        await writer.drain()


@asynccontextmanager
async def post_office(
    *,
    answers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    wrapped: bool = False,
) -> AsyncIterator[PostOffice]:
    """Run a mail server; `wrapped` means TLS from the first byte."""
    office = PostOffice(dict(answers or {}), None if wrapped else tls)
    server = await asyncio.start_server(office.serve, "127.0.0.1", 0, ssl=tls if wrapped else None)
    office.port = server.sockets[0].getsockname()[1]
    async with server:
        yield office


def certificate(directory: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine: a server's side of TLS, and the file to trust."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock.now()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    path, both = directory / "certificate.pem", directory / "both.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    both.write_bytes(secret + path.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, path
