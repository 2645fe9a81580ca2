"""Mails made ads: words, a picture of all, and the zip where it is small enough. SMTP by RFC 5321."""

from __future__ import annotations

import ipaddress
import re
import smtplib
import ssl
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Final

from viraltracker import clock
from viraltracker.addresses import Mailbox, MailServer
from viraltracker.creation.parcels import Parcel
from viraltracker.creation.sending import MayHaveArrived
from viraltracker.errors import ConfigurationError, RateLimited, Refused, Unavailable, ViralTrackerError
from viraltracker.store.deliveries import Kind

MOST_ATTACHED_BYTES: Final = 10 * 1_000_000
"""What nearly every mailbox takes, a third more as it travels included."""
TIMEOUT_S: Final = 60
GREYLISTED: Final = timedelta(minutes=5)
"""A server that does not know a sender yet asks for another try, and takes it from about then on."""
_SHEET: Final = "<ads@viraltracker>"
_TO_COME_BACK: Final = "The mail server asks to come back later"

Reply = tuple[int, bytes]


@dataclass(frozen=True)
class Mailer:
    """`server` takes mail from `sender` for `to`."""

    server: MailServer = field(repr=False)
    sender: Mailbox
    to: tuple[str, ...]
    kind: Kind = "email"

    def send(self, parcel: Parcel, delivery_id: str, begin: Callable[[], None]) -> str | None:
        """One message. Until its last line is through, the server has promised nothing."""
        try:
            with self._connected() as connection:
                return self._hand_over(connection, parcel, delivery_id, begin)
        except smtplib.SMTPServerDisconnected:
            raise Unavailable(f"The mail server {self.server.host} broke the connection; it is tried again.") from None
        except smtplib.SMTPException:
            raise Unavailable(f"The mail server {self.server.host} did not take the mail; it is tried again.") from None
        except ssl.SSLError as error:
            raise self._unsafe(error) from None
        except OSError:
            raise Unavailable(
                f"The mail server {self.server.host} was not reached; it is tried again. Check SMTP_URL."
            ) from None

    def _connected(self) -> _Session:
        server, context = self.server, ssl.create_default_context()
        # Its own name is the sender's: asking the network for this machine's may take half a minute.
        name = self.sender.domain
        if server.tls:
            made: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, name, timeout=TIMEOUT_S, context=context)
        else:
            made = smtplib.SMTP(server.host, server.port, name, timeout=TIMEOUT_S)
        session = _Session(made)
        with ExitStack() as undo:
            undo.callback(made.close)
            made.ehlo_or_helo_if_needed()
            if not server.tls:
                self._secure(made, context)
            if server.user is not None and server.password is not None:
                self._sign_in(made, server.user, server.password)
            undo.pop_all()
        return session

    def _secure(self, made: smtplib.SMTP, context: ssl.SSLContext) -> None:
        """STARTTLS, which only a server on this machine may be without."""
        if not made.has_extn("starttls"):
            if _is_here(self.server.host):
                return
            raise ConfigurationError(
                f"The mail server {self.server.host} offers no safe connection on port {self.server.port}, so nothing "
                "is sent over it: use its port for smtps:// (465), or another server."
            )
        code, _ = made.starttls(context=context)
        if code != 220:
            raise Unavailable(
                f"The mail server {self.server.host} did not make the connection safe; it is tried again."
            )
        made.ehlo()

    def _sign_in(self, made: smtplib.SMTP, user: str, password: str) -> None:
        try:
            made.login(user, password)
        except smtplib.SMTPAuthenticationError as error:
            if 400 <= error.smtp_code < 500:
                raise RateLimited(f"{_TO_COME_BACK}; it is tried again.", retry_after=GREYLISTED) from None
            raise ConfigurationError(
                f"The mail server {self.server.host} refused the user or the password in SMTP_URL; correct them and "
                "start the worker again."
            ) from None
        except (smtplib.SMTPNotSupportedError, UnicodeError):
            raise ConfigurationError(
                f"The mail server {self.server.host} takes no sign-in of this kind; correct the user and the password "
                "in SMTP_URL."
            ) from None

    def _hand_over(self, session: _Session, parcel: Parcel, delivery_id: str, begin: Callable[[], None]) -> str | None:
        made = session.made
        limit = _size_limit(made)
        data = as_bytes(message(parcel, self.sender, self.to, delivery_id, clock.now()))
        if limit is not None and len(data) > limit:
            data = as_bytes(message(parcel, self.sender, self.to, delivery_id, clock.now(), attach=False))
        options = [f"SIZE={len(data)}"] if limit is not None else []
        self._accept(made.mail(self.sender.address, options), f"mail from {self.sender.address}")
        refused = self._recipients(made)
        self._accept(made.docmd("DATA"), "the mail", good=(354,))
        begin()
        # A line that begins with a dot is sent with two, and one dot alone ends the message. Where not all of it went
        # out the server has not seen that dot; from then on only its answer tells.
        try:
            made.send(re.sub(rb"(?m)^\.", b"..", data) + b".\r\n")
        except (smtplib.SMTPException, OSError):
            raise Unavailable(f"The mail server {self.server.host} broke the connection; it is tried again.") from None
        try:
            reply = made.getreply()
        except (smtplib.SMTPException, OSError):
            raise MayHaveArrived(
                f"The connection to the mail server broke at the last step, so the mail to {', '.join(self.to)} may "
                "have been sent: ask there, and send it again from New ads if it did not arrive."
            ) from None
        self._accept(reply, "the mail")
        return refused

    def _recipients(self, made: smtplib.SMTP) -> str | None:
        """Names them. Gives whom the server did not take, where it took others; raises where it took nobody."""
        replies = {address: made.rcpt(address) for address in self.to}
        refused = {address: reply for address, reply in replies.items() if reply[0] not in (250, 251)}
        if len(refused) == len(replies):
            # Later some may go through, so that is tried first.
            address, reply = min(refused.items(), key=lambda item: item[1][0])
            self._accept(reply, f"mail to {address}")
        if not refused:
            return None
        return (
            "Not sent to " + "; ".join(f"{address} ({self._plain(reply)})" for address, reply in refused.items()) + "."
        )

    def _accept(self, reply: Reply, what: str, good: Sequence[int] = (250,)) -> None:
        """Raises RateLimited where the server says no for now, Refused where it says no."""
        if reply[0] in good:
            return
        if 400 <= reply[0] < 500:
            raise RateLimited(f"{_TO_COME_BACK} ({self._plain(reply)}).", retry_after=GREYLISTED)
        raise Refused(f"The mail server refused {what} ({self._plain(reply)}); correct the address or ask its owner.")

    def _plain(self, reply: Reply) -> str:
        """A server's own words, short, and without what it was told in secret."""
        said = " ".join("".join(c if c.isprintable() else " " for c in reply[1].decode("ascii", "replace")).split())
        for secret in (self.server.password, self.server.user):
            said = said.replace(secret, "…") if secret else said
        return f"{reply[0]} {said[:200]}".strip()

    def _unsafe(self, error: ssl.SSLError) -> ViralTrackerError:
        host, port = self.server.host, self.server.port
        if isinstance(error, ssl.SSLCertVerificationError):
            return ConfigurationError(
                f"The certificate of the mail server {host} is not good ({error.verify_message}), so nothing is sent: "
                "use the name that it is for in SMTP_URL, or have it renewed."
            )
        return ConfigurationError(
            f"The mail server {host} does not speak TLS on port {port} in the way SMTP_URL says: smtps:// is usually "
            "for port 465, smtp:// for 587."
        )


@dataclass(frozen=True)
class _Session:
    """A connection that is left politely where all went well: in the middle of a mail a goodbye is not understood."""

    made: smtplib.SMTP

    def __enter__(self) -> _Session:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            with suppress(smtplib.SMTPException, OSError):
                self.made.quit()
        self.made.close()


def message(
    parcel: Parcel, sender: Mailbox, to: Sequence[str], delivery_id: str, now: datetime, *, attach: bool = True
) -> EmailMessage:
    """The whole message. Its id is the delivery's, so that a mailbox knows a second copy of it for one."""
    attached = attach and len(parcel.zipped.data) <= MOST_ATTACHED_BYTES
    made = EmailMessage(policy=policy.SMTP)
    made["From"] = sender.header
    made["To"] = ", ".join(to)
    made["Subject"] = parcel.subject
    made["Date"] = format_datetime(now)
    made["Message-ID"] = f"<{delivery_id}@{sender.domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(plain(parcel, attached=attached), cte="quoted-printable")
    made.add_alternative(html(parcel, attached=attached), subtype="html", cte="quoted-printable")
    if parcel.sheet is not None:
        written = made.get_body(("html",))
        if isinstance(written, EmailMessage):
            written.add_related(parcel.sheet, "image", "jpeg", cid=_SHEET)
    if attached:
        made.add_attachment(parcel.zipped.data, maintype="application", subtype="zip", filename=parcel.zipped.file_name)
    return made


def as_bytes(made: EmailMessage) -> bytes:
    """As it goes over the wire, with a line's end at its end."""
    data = made.as_bytes()
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def plain(parcel: Parcel, *, attached: bool) -> str:
    """For readers of words alone."""
    lines = [f"{parcel.counted} of {parcel.product} for {parcel.brand}:", ""]
    lines += [f"{place}. {ad.headline} [{ad.token}]" for place, ad in enumerate(parcel.ads, start=1)]
    lines += ["", *_about(parcel, attached=attached), ""]
    lines.append(f"Open on New ads: {parcel.link}" if parcel.link else parcel.without_link)
    return "\n".join(lines)


def html(parcel: Parcel, *, attached: bool) -> str:
    """The same with the pictures."""
    ads = "".join(f"<li>{escape(ad.headline)} <code>{escape(ad.token)}</code></li>" for ad in parcel.ads)
    about = "".join(f"<p>{escape(line)}</p>" for line in _about(parcel, attached=attached))
    shown = (
        f'<p><img src="cid:{_SHEET[1:-1]}" alt="{escape(parcel.subject)}" width="640" style="max-width:100%"></p>'
        if parcel.sheet is not None
        else ""
    )
    onward = (
        f'<p><a href="{escape(parcel.link)}">Open on New ads</a></p>'
        if parcel.link
        else f"<p>{escape(parcel.without_link)}</p>"
    )
    return (
        '<!doctype html><html><body style="font-family:sans-serif;color:#1f2937">'
        f"<p><b>{escape(parcel.counted)}</b> of {escape(parcel.product)} for {escape(parcel.brand)}</p>"
        f"{shown}<ol>{ads}</ol>{about}{onward}</body></html>"
    )


def _about(parcel: Parcel, *, attached: bool) -> list[str]:
    megabytes = f"{len(parcel.zipped.data) / 1_000_000:.1f} MB"
    holds = "every size and a manifest with the names to use at Meta"
    if attached:
        first = f"The zip ({megabytes}) holds {holds}."
    else:
        first = f"The zip ({megabytes}) is too large for a mail: download it from New ads. It holds {holds}."
    return [first, "Keep the token in the ad's name: results find their way back by it.", *parcel.made_how]


def _size_limit(made: smtplib.SMTP) -> int | None:
    """Bytes that the server takes, None where it does not say."""
    said = made.esmtp_features.get("size", "").split(" ")[0]
    return int(said) if said.isdigit() and int(said) > 0 else None


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
