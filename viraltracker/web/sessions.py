"""Who is signed in, by the cookie of their browser.

The cookie holds both tokens of a session, so it outlives this process. A session that stays on one page for hours is
renewed here meanwhile; its browser gets the newer cookie with its next request.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from viraltracker import clock
from viraltracker.errors import Refused, Unavailable, ViralTrackerError
from viraltracker.store.auth import Auth, Tokens

COOKIE: Final = "viraltracker_session"
COOKIE_SECONDS: Final = 30 * 24 * 3600

RENEW_BEFORE: Final = timedelta(seconds=90)
"""An access token with less than this left is exchanged first, so that it does not end during a page."""

_FORM: Final = re.compile(r"([A-Za-z0-9_-]{8,512})~([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)")
_LONGEST: Final = 3900  # browsers drop a cookie of more than 4096 bytes, its name and flags included
_KEPT_FOR: Final = timedelta(days=7)
_MOST: Final = 20_000

log = logging.getLogger("viraltracker.web")


def to_cookie(tokens: Tokens) -> str:
    """The cookie's value."""
    return f"{tokens.refresh}~{tokens.access}"


def from_cookie(value: str | None) -> Tokens | None:
    """What `to_cookie` was given; None when it is anything else."""
    found = _FORM.fullmatch(value) if value and len(value) <= _LONGEST else None
    return Tokens(access=found[2], refresh=found[1]) if found else None


@dataclass
class _Session:
    """The newest tokens of a session, None when it has ended."""

    tokens: Tokens | None
    used_at: datetime
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sessions:
    """The sessions that this process has seen.

    They are found by the refresh token alone, of which any that a session ever had will do: nobody can guess one, while
    whatever an access token says of itself is not checked here.
    """

    def __init__(self, auth: Auth, now: Callable[[], datetime] = clock.now) -> None:
        self.auth = auth
        self._now = now
        self._known: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def current(self, cookie: str | None) -> Tokens | None:
        """Tokens that will work for the next minute; None when nobody is signed in.

        Exchanges the access token when it nears its end. Raises Unavailable when that is overdue and unanswered.
        """
        return self._tokens(cookie, RENEW_BEFORE)

    def renewed(self, cookie: str | None) -> Tokens | None:
        """Like `current`, with a new access token: for when the database refused the one there was."""
        return self._tokens(cookie, timedelta.max)

    def newest(self, cookie: str | None) -> Tokens | None:
        """What the cookie should hold by now; None when the session has ended. Asks nobody."""
        given = from_cookie(cookie)
        if given is None:
            return None
        with self._lock:
            session = self._known.get(_digest(given))
        return given if session is None else session.tokens

    def end(self, cookie: str | None) -> None:
        """Signs out, for every page of this browser at once, even where the service does not answer."""
        given = from_cookie(cookie)
        if given is None:
            return
        session = self._session(given)
        with session.lock:
            tokens, session.tokens = session.tokens, None
        try:
            if tokens is not None and tokens.expires_at <= self._now():
                tokens = self.auth.refresh(tokens.refresh)  # only a live token may revoke the session
            if tokens is not None:
                self.auth.sign_out(tokens)
        except ViralTrackerError:
            log.warning("a session was ended here that the sign-in service could not be told of", exc_info=True)

    def _tokens(self, cookie: str | None, renew_before: timedelta) -> Tokens | None:
        given = from_cookie(cookie)
        if given is None:
            return None
        session = self._session(given)
        with session.lock:
            tokens, now = session.tokens, self._now()
            session.used_at = now
            if tokens is None or tokens.expires_at - now > renew_before:
                return tokens
            try:
                session.tokens = self.auth.refresh(tokens.refresh)
            except Refused:
                session.tokens = None
            except Unavailable:
                if tokens.expires_at <= now:
                    raise
            else:
                with self._lock:
                    self._known[_digest(session.tokens)] = session
            return session.tokens

    def _session(self, given: Tokens) -> _Session:
        with self._lock:
            now = self._now()
            if len(self._known) >= _MOST:
                self._forget(now)
            return self._known.setdefault(_digest(given), _Session(given, now))

    def _forget(self, now: datetime) -> None:
        by_use = sorted(self._known.items(), key=lambda item: item[1].used_at)
        old = sum(session.used_at < now - _KEPT_FOR for _, session in by_use)
        for name, _ in by_use[: max(old, _MOST // 10)]:
            del self._known[name]


def _digest(tokens: Tokens) -> str:
    return hashlib.sha256(tokens.refresh.encode()).hexdigest()
