"""A mail server on this machine: STARTTLS or TLS, a user with a password, and faults that a test scripts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from viraltracker.local.running import free_port

USER, PASSWORD = "ads@example.com", "p@ss:w/rd#hunter2"
QUOTED = "ads%40example.com:p%40ss%3Aw%2Frd%23hunter2"


@dataclass
class Postbox:
    """What arrived, and how the server behaves: replies for recipients and for mails, in turn, and cut connections."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    before_mail: Callable[[], None] = lambda: None
    cut: str = ""
    """`reading` breaks the connection in the middle of the mail, `answering` once all of it is here."""

    def url(self, scheme: str = "smtp", user: str = f"{QUOTED}@") -> str:
        return f"{scheme}://{user}127.0.0.1:{self.port}"

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.cut == "answering":
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "250 never read"
        answer = self.answers.pop(0) if self.answers else "250 2.0.0 Queued"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            read = message_from_bytes(envelope.content, policy=policy.SMTP)
            assert isinstance(read, EmailMessage)
            self.mails.append(read)
            self.recipients.append(list(envelope.rcpt_tos))
        return answer


class _Server(SMTP):
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        if self.event_handler.cut == "reading":
            await self.push("354 Go ahead")
            await self._reader.readexactly(20)
            assert isinstance(self.transport, asyncio.Transport)
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Server(self.handler, **self.SMTP_kwargs)


def _is_user(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def postbox(
    folder: Path, *, starttls: bool = True, tls: bool = False, most_bytes: int = 30_000_000
) -> Iterator[Postbox]:
    """A running server, whose certificate is trusted where SSL_CERT_FILE is `folder / "ca.pem"`."""
    made = Postbox(free_port())
    context = certificate(folder)
    controller = _Controller(
        made,
        hostname="127.0.0.1",
        port=made.port,
        server_hostname="localhost",
        tls_context=context if starttls and not tls else None,
        ssl_context=context if tls else None,
        authenticator=_is_user,
        auth_require_tls=starttls and not tls,
        data_size_limit=most_bytes,
    )
    controller.start()
    try:
        yield made
    finally:
        controller.stop()


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS, by a certificate for 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context
