"""Supabase Auth for e-mail and password: sign-up, sign-in, rotation of refresh tokens, recovery, sign-out.

Users are rows of `auth.users`; sessions, one-time tokens and mails live in this process. Paths, bodies, codes and
messages are those of Supabase Auth (https://supabase.com/docs/guides/auth/debugging/error-codes), so the official
client and the database's own `auth.uid()` work with it unchanged.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import psycopg
from psycopg.rows import dict_row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from viraltracker import clock

Json = dict[str, Any]

VERSION_HEADER = "X-Supabase-Api-Version"
CODES_SINCE = "2024-01-01"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LINK_LIFE = timedelta(hours=1)
_SHORTEST_PASSWORD = 6
_LONGEST_PASSWORD = 72


class Fault(Exception):
    """An answer that is an error; `extra` joins the body."""

    def __init__(self, status: int, code: str, message: str, extra: Json | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.extra = status, code, message, extra or {}


@dataclass(frozen=True)
class Mail:
    """A mail that would have been sent; `kind` is `email` (confirm the address) or `recovery`."""

    to: str
    kind: str
    token_hash: str = field(repr=False)

    def link(self, site_url: str) -> str:
        """Where the mail's link leads, with the templates of docs/operating.md."""
        return f"{site_url}/confirm?token_hash={self.token_hash}&type={self.kind}"


@dataclass
class _Link:
    user_id: str
    kind: str
    until: datetime


@dataclass
class _Session:
    """`tokens` are its refresh tokens, oldest first; the last one is the active one."""

    id: str
    user_id: str
    tokens: list[str]
    rotated_at: datetime


class SupabaseAuth:
    """The service. `users` may write `auth.users`; `jwt_secret` is the database's own.

    `access_seconds` is how long an access token lives; `mail_seconds` the least time between two mails to one person;
    for `reuse_seconds` a refresh token that was used already is let pass. While `busy` is true every request is refused
    as one too many.
    """

    def __init__(
        self,
        users: psycopg.Connection,
        jwt_secret: str,
        *,
        access_seconds: int = 3600,
        mail_seconds: int = 60,
        reuse_seconds: int = 10,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.access_seconds = access_seconds
        self.mail_seconds = mail_seconds
        self.reuse_seconds = reuse_seconds
        self.busy = False
        self.outbox: list[Mail] = []
        self._users, self._secret, self._now = users, jwt_secret, now
        self._sessions: dict[str, _Session] = {}
        self._links: dict[str, _Link] = {}
        self._mailed: dict[tuple[str, str], datetime] = {}
        self._lock = threading.Lock()

    async def answer(self, request: Request, path: str) -> Response:
        """One request; `path` is what follows `/auth/v1/`."""
        given = await request.body()
        version = request.headers.get(VERSION_HEADER, "")
        routes: dict[tuple[str, str], Callable[[Request, Json], Json | None]] = {
            ("POST", "token"): self._token,
            ("POST", "signup"): self._signup,
            ("POST", "recover"): self._recover,
            ("POST", "verify"): self._verify,
            ("POST", "logout"): self._logout,
            ("GET", "user"): self._get_user,
            ("PUT", "user"): self._put_user,
        }
        try:
            handler = routes.get((request.method, path))
            if handler is None:
                raise Fault(404, "not_found", "404 page not found")
            if self.busy:
                raise Fault(429, "over_request_rate_limit", "Request rate limit reached")
            body = _parsed(given)
            answered = await run_in_threadpool(self._locked, handler, request, body)
        except Fault as fault:
            headers = {VERSION_HEADER: CODES_SINCE} if version >= CODES_SINCE else {}
            said: Json = (
                {"code": fault.code, "message": fault.message}
                if headers
                else {"code": fault.status, "error_code": fault.code, "msg": fault.message}
            )
            return JSONResponse(said | fault.extra, fault.status, headers=headers)
        return Response(status_code=204) if answered is None else JSONResponse(answered)

    def confirm(self, email: str, password: str) -> str:
        """Makes a user whose address is confirmed, for arranging tests; gives the id."""
        user = self._insert(email, password)
        self._users.execute("update auth.users set email_confirmed_at = %s where id = %s", [self._now(), user])
        return user

    def _locked(self, handler: Callable[[Request, Json], Json | None], request: Request, body: Json) -> Json | None:
        with self._lock:
            return handler(request, body)

    def _token(self, request: Request, body: Json) -> Json:
        match request.query_params.get("grant_type"):
            case "password":
                user = self._by_email(str(body.get("email", "")))
                if user is None or not _matches(str(body.get("password", "")), user["encrypted_password"]):
                    raise Fault(400, "invalid_credentials", "Invalid login credentials")
                if user["banned_until"] is not None and user["banned_until"] > self._now():
                    raise Fault(400, "user_banned", "User is banned")
                if user["email_confirmed_at"] is None:
                    raise Fault(400, "email_not_confirmed", "Email not confirmed")
                return self._open(str(user["id"]))
            case "refresh_token":
                return self._refresh(str(body.get("refresh_token", "")))
        raise Fault(400, "validation_failed", "unsupported_grant_type")

    def _refresh(self, token: str) -> Json:
        """Rotation. A used token opens again only as the active one's parent or moments after; else all are revoked."""
        session = next((found for found in self._sessions.values() if token in found.tokens), None)
        if session is None:
            raise Fault(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")
        if token == session.tokens[-1]:
            session.tokens.append(secrets.token_urlsafe(9))
            session.rotated_at = self._now()
            return self._answer(session)
        recent = self._now() - session.rotated_at < timedelta(seconds=self.reuse_seconds)
        if token == session.tokens[-2] or recent:
            return self._answer(session)
        del self._sessions[session.id]
        raise Fault(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")

    def _signup(self, _request: Request, body: Json) -> Json:
        email, password = str(body.get("email", "")).strip().lower(), str(body.get("password", ""))
        _require_email(email)
        _require_password(password)
        user = self._by_email(email)
        if user is not None and user["email_confirmed_at"] is not None:
            # Whether an address is taken is nobody's to learn.
            now = self._now().isoformat()
            return _shown({"id": uuid4(), "email": email, "created_at": now, "updated_at": now}) | {"identities": []}
        if user is not None:
            self._mail(str(user["id"]), email, "email")
            return _shown(user)
        user_id = self._insert(email, password)
        self._mail(user_id, email, "email")
        return _shown(self._user(user_id))

    def _recover(self, _request: Request, body: Json) -> Json:
        email = str(body.get("email", "")).strip().lower()
        _require_email(email)
        user = self._by_email(email)
        if user is not None:
            self._mail(str(user["id"]), email, "recovery")
        return {}

    def _verify(self, _request: Request, body: Json) -> Json:
        kind = {"signup": "email"}.get(str(body.get("type")), str(body.get("type")))
        link = self._links.get(str(body.get("token_hash", "")))
        if link is None or link.kind != kind or link.until < self._now():
            raise Fault(403, "otp_expired", "Email link is invalid or has expired")
        del self._links[str(body["token_hash"])]
        self._users.execute(
            "update auth.users set email_confirmed_at = coalesce(email_confirmed_at, %s) where id = %s",
            [self._now(), link.user_id],
        )
        return self._open(link.user_id)

    def _logout(self, request: Request, _body: Json) -> None:
        session = self._signed_in(request)
        scope = request.query_params.get("scope", "global")
        for other in [found for found in self._sessions.values() if found.user_id == session.user_id]:
            if scope == "global" or (scope == "local") == (other is session):
                del self._sessions[other.id]

    def _get_user(self, request: Request, _body: Json) -> Json:
        return _shown(self._user(self._signed_in(request).user_id))

    def _put_user(self, request: Request, body: Json) -> Json:
        session = self._signed_in(request)
        password = body.get("password")
        if password is not None:
            _require_password(str(password))
            if _matches(str(password), self._user(session.user_id)["encrypted_password"]):
                raise Fault(422, "same_password", "New password should be different from the old password.")
            self._users.execute(
                "update auth.users set encrypted_password = %s, updated_at = %s where id = %s",
                [_hashed(str(password)), self._now(), session.user_id],
            )
            for other in [found for found in self._sessions.values() if found.user_id == session.user_id]:
                if other is not session:
                    del self._sessions[other.id]
        return _shown(self._user(session.user_id))

    def _signed_in(self, request: Request) -> _Session:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token.count(".") != 2:
            raise Fault(401, "no_authorization", "This endpoint requires a valid Bearer token")
        try:
            claims = jwt.decode(token, self._secret, algorithms=["HS256"], audience="authenticated")
        except jwt.InvalidTokenError as error:
            raise Fault(403, "bad_jwt", f"invalid JWT: unable to parse or verify signature, {error}") from None
        session = self._sessions.get(str(claims.get("session_id")))
        if session is None:
            raise Fault(403, "session_not_found", "Session from session_id claim in JWT does not exist")
        return session

    def _open(self, user_id: str) -> Json:
        session = _Session(str(uuid4()), user_id, [secrets.token_urlsafe(9)], self._now())
        self._sessions[session.id] = session
        self._users.execute("update auth.users set last_sign_in_at = %s where id = %s", [self._now(), user_id])
        return self._answer(session)

    def _answer(self, session: _Session) -> Json:
        user = self._user(session.user_id)
        issued = int(self._now().timestamp())
        claims = {
            "iss": "supabase-auth",
            "aud": "authenticated",
            "role": "authenticated",
            "sub": session.user_id,
            "email": user["email"],
            "session_id": session.id,
            "is_anonymous": False,
            "iat": issued,
            "exp": issued + self.access_seconds,
        }
        return {
            "access_token": jwt.encode(claims, self._secret, algorithm="HS256"),
            "token_type": "bearer",
            "expires_in": self.access_seconds,
            "expires_at": issued + self.access_seconds,
            "refresh_token": session.tokens[-1],
            "user": _shown(user),
        }

    def _mail(self, user_id: str, email: str, kind: str) -> None:
        last, now = self._mailed.get((user_id, kind)), self._now()
        wait = 0 if last is None else self.mail_seconds - int((now - last).total_seconds())
        if wait > 0:
            said = f"For security purposes, you can only request this after {wait} seconds."
            raise Fault(429, "over_email_send_rate_limit", said)
        self._mailed[user_id, kind] = now
        mail = Mail(email, kind, secrets.token_hex(28))
        self._links[mail.token_hash] = _Link(user_id, kind, now + _LINK_LIFE)
        self.outbox.append(mail)

    def _insert(self, email: str, password: str) -> str:
        user_id = str(uuid4())
        self._users.execute(
            "insert into auth.users (instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data,"
            " raw_user_meta_data, created_at, updated_at) values ('00000000-0000-0000-0000-000000000000', %(id)s,"
            " 'authenticated', 'authenticated', %(email)s, %(password)s,"
            """ '{"provider": "email", "providers": ["email"]}', '{}', %(now)s, %(now)s)""",
            {"id": user_id, "email": email.lower(), "password": _hashed(password), "now": self._now()},
        )
        return user_id

    def _by_email(self, email: str) -> Json | None:
        with self._users.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select * from auth.users where email = %s and not is_sso_user", [email.strip().lower()]
            ).fetchone()

    def _user(self, user_id: str) -> Json:
        with self._users.cursor(row_factory=dict_row) as cursor:
            found = cursor.execute("select * from auth.users where id = %s", [user_id]).fetchone()
        if found is None:
            raise Fault(403, "user_not_found", "User from sub claim in JWT does not exist")
        return found


def _shown(row: Json) -> Json:
    """The user as the API gives it."""
    shown: Json = {
        "id": str(row["id"]),
        "aud": "authenticated",
        "role": "authenticated",
        "email": row["email"],
        "phone": "",
        "app_metadata": row.get("raw_app_meta_data") or {"provider": "email", "providers": ["email"]},
        "user_metadata": row.get("raw_user_meta_data") or {},
        "is_anonymous": False,
    }
    for name in ("created_at", "updated_at", "email_confirmed_at", "confirmed_at", "last_sign_in_at"):
        value = row.get(name)
        if value is not None:
            shown[name] = value.isoformat() if isinstance(value, datetime) else value
    return shown


def _parsed(body: bytes) -> Json:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise Fault(400, "bad_json", "Could not parse request body as JSON") from None
    return found if isinstance(found, dict) else {}


def _require_email(email: str) -> None:
    if not _EMAIL.fullmatch(email):
        raise Fault(400, "validation_failed", "Unable to validate email address: invalid format")


def _require_password(password: str) -> None:
    if len(password.encode()) > _LONGEST_PASSWORD:
        raise Fault(422, "validation_failed", "Password cannot be longer than 72 characters")
    if len(password) < _SHORTEST_PASSWORD:
        said = f"Password should be at least {_SHORTEST_PASSWORD} characters."
        raise Fault(422, "weak_password", said, {"weak_password": {"reasons": ["length"], "message": said}})


def _hashed(password: str) -> str:
    salt = secrets.token_hex(8)
    return f"{salt}${hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**10, r=8, p=1).hex()}"


def _matches(password: str, hashed: str | None) -> bool:
    salt, _, digest = (hashed or "").partition("$")
    found = hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**10, r=8, p=1).hex()
    return bool(digest) and hmac.compare_digest(found, digest)
