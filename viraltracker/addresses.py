"""Mail addresses, and mail servers by their address, as people write them into settings and forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

MOST: Final = 10
"""Recipients of one message: what is sent to more people than a team is a mailing list's work."""
LONGEST: Final = 254
"""Characters of an address, by RFC 5321."""
_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_ONE: Final = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE | re.ASCII)
_PORTS: Final[dict[str, int]] = {"smtps": 465, "smtp": 587}


@dataclass(frozen=True)
class MailServer:
    """Who takes our mail. `tls` is from the first byte on; else the connection is to become safe before a password goes
    over it."""

    host: str
    port: int
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Mailbox:
    """Who a mail is from."""

    address: str
    name: str = ""

    @property
    def domain(self) -> str:
        """What stands behind the @."""
        return self.address.rpartition("@")[2]

    @property
    def header(self) -> Address:
        """As a header of a message has it."""
        return Address(display_name=self.name, addr_spec=self.address)


def several(text: str) -> tuple[str, ...]:
    """The addresses in a text with commas, semicolons or new lines between, each once.

    Raises ValueError, with a sentence, for what is no address and for more than `MOST`.
    """
    given = [part.strip() for part in re.split(r"[,;\n]", text) if part.strip()]
    for part in given:
        if len(part) > LONGEST or not _ONE.fullmatch(part):
            raise ValueError(f"{_shown(part)} is no mail address; write them as name@example.com, with commas between")
    found: dict[str, str] = {}
    for part in given:
        found.setdefault(part.casefold(), part)
    if len(found) > MOST:
        raise ValueError(f"{len(found)} addresses are more than the {MOST} that one message may go to")
    return tuple(found.values())


def mailbox(text: str) -> Mailbox:
    """Reads `name@example.com` or `Name <name@example.com>`. Raises ValueError, with a sentence."""
    name, address = parseaddr(text)
    if not _ONE.fullmatch(address) or not text.isprintable():
        raise ValueError("it must be one mail address, as in ads@example.com or ViralTracker <ads@example.com>")
    return Mailbox(address, name)


def mail_server(text: str) -> MailServer:
    """Reads `smtps://user:password@host:465` or `smtp://host:587`. Raises ValueError, and repeats no secret."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            "it must look like smtps://user:password@mail.example.com:465, or smtp:// with port 587; write @, :, / and "
            "# in the password as %40, %3A, %2F and %23"
        )
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    if (user is None) != (password is None):
        raise ValueError("it must have both a user and a password, or neither")
    return MailServer(parts.hostname, port or _PORTS[parts.scheme], parts.scheme == "smtps", user, password)


def _shown(text: str) -> str:
    short = "".join(letter if letter.isprintable() else " " for letter in text[:60])
    return f"“{short}{'…' if len(text) > 60 else ''}”"
