"""Supabase Auth: proving who somebody is with e-mail and password. Every call uses a client of its own."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, TypeVar, cast

import httpx
from supabase_auth import SyncGoTrueClient
from supabase_auth.errors import AuthApiError, AuthError, AuthRetryableError, AuthWeakPasswordError
from supabase_auth.types import AuthResponse

from viraltracker import errors

T = TypeVar("T")

SHORTEST_PASSWORD: Final = 8
LONGEST_PASSWORD_BYTES: Final = 72
"""Supabase Auth keeps passwords with bcrypt, which reads no further."""

LINK_KINDS: Final = ("email", "signup", "invite", "recovery")
"""What a link in a mail may be for; all of them lead to choosing a password."""

_WRONG: Final = "The e-mail address or the password is wrong."
# https://supabase.com/docs/guides/auth/debugging/error-codes
_SENTENCES: Final[dict[str, str]] = {
    "invalid_credentials": _WRONG,
    "user_banned": _WRONG,
    "user_not_found": _WRONG,
    "email_not_confirmed": "Confirm your address first: open the link in the mail we sent, or ask for a new one with "
    "“Forgotten your password?”.",
    "otp_expired": "This link has expired or was used already; ask for a new one.",
    "signup_disabled": "New accounts are turned off in this installation; ask its owner.",
    "email_provider_disabled": "Signing in by e-mail is turned off in this installation; ask its owner.",
}
_UNUSABLE: Final[dict[str, str]] = {
    "validation_failed": "That is not an e-mail address; check it for typing errors.",
    "email_address_invalid": "No mail can be sent to that address; check it for typing errors.",
}
_TAKEN: Final = frozenset({"email_exists", "user_already_exists"})


@dataclass(frozen=True)
class Tokens:
    """A session: `access` is the JWT that the database takes until it expires, `refresh` gets the next pair, once."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)

    @property
    def expires_at(self) -> datetime:
        """When `access` ends; long ago where it is no JWT. Its signature is the database's to check."""
        found = claims(self.access).get("exp")
        return datetime.fromtimestamp(found if isinstance(found, int) and 0 < found < 2**33 else 0, UTC)


@dataclass(frozen=True)
class Auth:
    """The project's sign-in. `key` is the publishable one; `http` may be shared, since no call leaves a session on it.

    Every method raises Unavailable (RateLimited when asked too often) when there was no answer, ConfigurationError
    when the key is refused.
    """

    url: str
    key: str = field(repr=False)
    http: httpx.Client = field(repr=False)

    def sign_in(self, email: str, password: str) -> Tokens:
        """Refused, in the same words, for a wrong password and for an address that is not known."""
        if not email.strip() or not password:
            raise errors.BadInput("Type your e-mail address and your password.")
        address = email.strip().lower()
        return self._session(lambda client: client.sign_in_with_password({"email": address, "password": password}))

    def refresh(self, token: str) -> Tokens:
        """The next pair; Refused when the session has ended."""
        return self._session(lambda client: client.refresh_session(token))

    def sign_up(self, email: str) -> None:
        """Mails a link to choose a password with, to a new address; says nothing about one that is known.

        The account gets a password nobody knows: who chooses it is whoever reads the mail.
        """
        address, unknown = email.strip().lower(), secrets.token_urlsafe(24) + "aA1!"
        self._mailing(email, lambda client: client.sign_up({"email": address, "password": unknown}))

    def recover(self, email: str) -> None:
        """Mails a link to choose a new password with, if the address is known."""
        self._mailing(email, lambda client: client.reset_password_for_email(email.strip().lower()))

    def open_link(self, token_hash: str, kind: str) -> Tokens:
        """Signs in whoever holds the link of a mail, once; Refused when it is used up or too old."""
        if kind not in LINK_KINDS or not token_hash:
            raise errors.Refused(_SENTENCES["otp_expired"])
        chosen = cast("Literal['email', 'recovery']", kind)
        return self._session(lambda client: client.verify_otp({"token_hash": token_hash, "type": chosen}))

    def set_password(self, tokens: Tokens, password: str) -> None:
        """Sets the signed-in person's password and ends their other sessions; BadInput when it is too weak."""
        require_password(password)

        def send(client: SyncGoTrueClient) -> None:
            client.set_session(tokens.access, tokens.refresh)
            client.update_user({"password": password})

        try:
            self._send(send)
        except _SamePassword:
            return

    def sign_out(self, tokens: Tokens) -> None:
        """Ends this session: its refresh tokens work no more. One that has ended already is as good."""
        try:
            self._send(lambda client: client.admin.sign_out(tokens.access, "local"))
        except errors.Refused:
            return

    def _mailing(self, email: str, send: Callable[[SyncGoTrueClient], object]) -> None:
        if "@" not in email:
            raise errors.BadInput(_UNUSABLE["validation_failed"])
        try:
            self._send(send)
        except (_MailedJustNow, _Taken):
            return  # only an address that is known gets these answers

    def _session(self, send: Callable[[SyncGoTrueClient], AuthResponse]) -> Tokens:
        session = self._send(send).session
        if session is None:
            raise errors.Unavailable("The sign-in gave no session; try again in a moment.")
        return Tokens(session.access_token, session.refresh_token)

    def _send(self, send: Callable[[SyncGoTrueClient], T]) -> T:
        client = SyncGoTrueClient(
            url=f"{self.url}/auth/v1",
            headers={"apiKey": self.key, "Authorization": f"Bearer {self.key}"},
            auto_refresh_token=False,
            persist_session=False,
            http_client=self.http,
        )
        try:
            return send(client)
        except AuthError as error:
            raise _translated(error) from None


def require_password(password: str) -> None:
    """BadInput unless it has a length that can be kept."""
    if len(password) < SHORTEST_PASSWORD:
        raise errors.BadInput(f"Choose a password of at least {SHORTEST_PASSWORD} characters.")
    if len(password.encode()) > LONGEST_PASSWORD_BYTES:
        raise errors.BadInput(f"Choose a password of at most {LONGEST_PASSWORD_BYTES} characters.")


def claims(token: str) -> dict[str, object]:
    """What a JWT says of itself, unchecked; empty where it is none."""
    try:
        payload = token.split(".")[1]
        found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


class _MailedJustNow(errors.RateLimited):
    """Too many mails were asked for; wait a minute."""


class _Taken(errors.Refused):
    """The address has an account."""


class _SamePassword(errors.BadInput):
    """The new password is the old one."""


def _translated(error: AuthError) -> errors.ViralTrackerError:
    if isinstance(error, AuthWeakPasswordError):
        return errors.BadInput(f"Choose a stronger password: {error.message}")
    if isinstance(error, AuthRetryableError) or not isinstance(error, AuthApiError):
        return errors.Unavailable("The sign-in service does not answer; try again in a moment.")
    code, status = str(error.code or ""), error.status
    if code in _TAKEN:
        return _Taken()
    if code == "same_password":
        return _SamePassword()
    if code == "over_email_send_rate_limit":
        return _MailedJustNow()
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return errors.RateLimited("Too many attempts; wait a few minutes and try again.")
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return errors.Unavailable("The sign-in service does not answer; try again in a moment.")
    if status == httpx.codes.UNAUTHORIZED and "api key" in error.message.lower():
        return errors.ConfigurationError("Supabase refused the app's key. Check SUPABASE_PUBLISHABLE_KEY.")
    if code in _UNUSABLE:
        return errors.BadInput(_UNUSABLE[code])
    return errors.Refused(_SENTENCES.get(code, "Your sign-in has ended; sign in again."))
