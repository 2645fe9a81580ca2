"""Signing in and out, over plain HTTP: the routes, and what stands before every page of the app.

Only hosted. A form is taken from this site alone: the cookie is SameSite=Lax, and a POST must name the site that it
goes to as its origin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from viraltracker.errors import (
    BadInput,
    ConfigurationError,
    RateLimited,
    Refused,
    Unavailable,
    ViralTrackerError,
)
from viraltracker.store import auth, client, members
from viraltracker.store.auth import Tokens
from viraltracker.web import sign_in_pages as pages
from viraltracker.web.sessions import COOKIE, COOKIE_SECONDS, Sessions, to_cookie
from viraltracker.web.sign_in_pages import Form

START: Final = "/"
ORGANIZATION: Final = "/organization"
_LONGEST_FORM: Final = 16_384
_LONGEST_NEXT: Final = 2_000
_NOT_PAGES: Final = ("/_stcore/", "/static/", "/media/", "/component/", "/healthz")
_PRIVATE: Final = {"Cache-Control": "no-store"}
_MAILED: Final = (
    "If this address can be used here, a mail with a link is on its way. None after a few minutes? Look among "
    "unwanted mail, then ask again; one mail a minute is sent at most."
)
_STATUS: Final[tuple[tuple[type[ViralTrackerError], int], ...]] = (
    (RateLimited, 429),
    (Unavailable, 503),
    (BadInput, 400),
    (ConfigurationError, 500),
    (Refused, 403),
)


class SignIn:
    """The routes. `sessions` and `http` are the process's own, made when first asked for."""

    def __init__(self, sessions: Callable[[], Sessions], http: Callable[[], httpx.Client]) -> None:
        self._sessions, self._http = sessions, http

    def routes(self) -> list[Route]:
        """Every address of this module."""
        methods = ["GET", "POST"]
        return [
            Route("/sign-in", self.sign_in, methods=methods),
            Route("/join", partial(self.ask_for_mail, form=pages.JOIN), methods=methods),
            Route("/forgot", partial(self.ask_for_mail, form=pages.FORGOT), methods=methods),
            Route("/confirm", self.confirm, methods=methods),
            Route("/password", self.password, methods=methods),
            Route(ORGANIZATION, self.organization, methods=methods),
            Route("/sign-out", self.sign_out, methods=methods),
        ]

    def middleware(self) -> Middleware:
        """What stands before the pages."""
        paths = frozenset(route.path for route in self.routes())
        return Middleware(SignedInOnly, sessions=self._sessions, open_paths=paths)

    async def sign_in(self, request: Request) -> Response:
        """E-mail and password; then on to the page that was asked for."""
        if request.method != "POST":
            hidden = _onward(request.query_params.get("next", ""))
            return _page(pages.SIGN_IN, hidden=hidden)
        given = await _form(request)
        hidden = _onward(given.get("next", ""))
        try:
            _require_same_site(request)
            tokens = await run_in_threadpool(
                self._sessions().auth.sign_in, given.get("email", ""), given.get("password", "")
            )
            return await self._arrive(request, tokens, hidden.get("next", START))
        except ViralTrackerError as error:
            return _page(pages.SIGN_IN, problem=error, given=given, hidden=hidden)

    async def ask_for_mail(self, request: Request, form: Form) -> Response:
        """A link to choose a password with, for a newcomer or for who has forgotten theirs."""
        if request.method != "POST":
            return _page(form)
        given = await _form(request)
        service = self._sessions().auth
        send = service.sign_up if form is pages.JOIN else service.recover
        try:
            _require_same_site(request)
            await run_in_threadpool(send, given.get("email", ""))
        except ViralTrackerError as error:
            return _page(form, problem=error, given=given)
        return _page(form, done=_MAILED)

    async def confirm(self, request: Request) -> Response:
        """Where a mail's link leads. It is used up by choosing the password, not by looking: programs open mails too.

        Nobody is signed in by a link without choosing a password, so an account that somebody else opened in this
        person's name is not theirs to come back to.
        """
        if request.method != "POST":
            link = {name: request.query_params.get(name, "")[:200] for name in ("token_hash", "type")}
            return _page(pages.CONFIRM, hidden=link)
        given = await _form(request)
        service = self._sessions().auth
        hidden = {name: given.get(name, "")[:200] for name in ("token_hash", "type")}
        try:
            _require_same_site(request)
            auth.require_password(given.get("password", ""))
            tokens = await run_in_threadpool(service.open_link, hidden["token_hash"], hidden["type"])
        except ViralTrackerError as error:
            return _page(pages.CONFIRM, problem=error, hidden=hidden)
        return await self._choose_password(request, tokens, given.get("password", ""))

    async def password(self, request: Request) -> Response:
        """Another password for who is signed in."""
        tokens = await self._signed_in(request)
        if tokens is None:
            return _to(_sign_in_address("/password"))
        if request.method != "POST":
            return _page(pages.CHANGE)
        given = await _form(request)
        try:
            _require_same_site(request)
        except Refused as error:
            return _page(pages.CHANGE, problem=error)
        return await self._choose_password(request, tokens, given.get("password", ""))

    async def organization(self, request: Request) -> Response:
        """The name of the installation's organisation, from its first person."""
        tokens = await self._signed_in(request)
        if tokens is None:
            return _to(_sign_in_address(ORGANIZATION))
        if request.method != "POST":
            return _page(pages.ORGANIZATION)
        given = await _form(request)
        try:
            _require_same_site(request)
            if not given.get("name", "").strip():
                raise BadInput("An organisation needs a name.")
            db = client.connect(self._sessions().auth.url, self._sessions().auth.key, self._http(), jwt=tokens.access)
            await run_in_threadpool(members.create_first_organization, db, given["name"].strip())
        except ViralTrackerError as error:
            return _page(pages.ORGANIZATION, problem=error, given=given)
        return _to(START)

    async def sign_out(self, request: Request) -> Response:
        """Ends the session here and at the service."""
        if request.method != "POST":
            return _page(pages.SIGN_OUT)
        try:
            _require_same_site(request)
        except Refused as error:
            return _page(pages.SIGN_OUT, problem=error)
        await run_in_threadpool(self._sessions().end, request.cookies.get(COOKIE))
        answer = _to("/sign-in")
        answer.set_cookie(COOKIE, "", max_age=0, path="/", httponly=True, samesite="lax", secure=_secure(request.scope))
        return answer

    async def _choose_password(self, request: Request, tokens: Tokens, password: str) -> Response:
        """Once a link is used up, another try at the password needs the session it opened."""
        try:
            await run_in_threadpool(self._sessions().auth.set_password, tokens, password)
            return await self._arrive(request, tokens, START)
        except ViralTrackerError as error:
            return _with_session(_page(pages.CHANGE, problem=error), tokens, _secure(request.scope))

    async def _arrive(self, request: Request, tokens: Tokens, onward: str) -> Response:
        """Joins what the person was invited to, and leads on."""
        target = onward if await run_in_threadpool(self._has_organization, tokens) else ORGANIZATION
        return _with_session(_to(target), tokens, _secure(request.scope))

    def _has_organization(self, tokens: Tokens) -> bool:
        """False only for the first person of an installation."""
        service = self._sessions().auth
        db = client.connect(service.url, service.key, self._http(), jwt=tokens.access)
        members.accept_invitations(db)
        return not members.awaits_first_organization(db)

    async def _signed_in(self, request: Request) -> Tokens | None:
        try:
            return await run_in_threadpool(self._sessions().current, request.cookies.get(COOKIE))
        except Unavailable:
            return None


class SignedInOnly:
    """Sends whoever is not signed in from any page to the sign-in, and brings the cookie up to date."""

    def __init__(self, inner: ASGIApp, sessions: Callable[[], Sessions], open_paths: frozenset[str]) -> None:
        self._inner, self._sessions, self._open = inner, sessions, open_paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        request = Request(scope)
        cookie = request.cookies.get(COOKIE)
        if self._is_page(request):
            try:
                if await run_in_threadpool(self._sessions().current, cookie) is None:
                    query = f"?{request.url.query}" if request.url.query else ""
                    await _to(_sign_in_address(request.url.path + query))(scope, receive, send)
                    return
            except Unavailable:
                pass  # the page says so itself, and comes back by itself

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and "set-cookie" not in Headers(scope=message):
                tokens = self._sessions().newest(cookie)
                if tokens is not None and to_cookie(tokens) != cookie:
                    MutableHeaders(scope=message).append("set-cookie", _cookie(tokens, _secure(scope)))
            await send(message)

        await self._inner(scope, receive, send_with_cookie)

    def _is_page(self, request: Request) -> bool:
        path = request.url.path
        return (
            request.method == "GET"
            and path not in self._open
            and not path.startswith(_NOT_PAGES)
            and "text/html" in request.headers.get("accept", "")
        )


def safe_next(address: str) -> str:
    """`address` when it is a page of this site, else the start: a link must not lead from our sign-in elsewhere."""
    parts = urlsplit(address) if address.isascii() and address.isprintable() and "\\" not in address else None
    if parts is None or len(address) > _LONGEST_NEXT or parts.scheme or parts.netloc:
        return START
    return address if address.startswith("/") and not address.startswith("//") else START


def _onward(address: str) -> dict[str, str]:
    target = safe_next(address)
    return {} if target == START else {"next": target}


def _sign_in_address(onward: str) -> str:
    target = safe_next(onward)
    return "/sign-in" if target == START else f"/sign-in?next={quote(target, safe='/')}"


def _require_same_site(request: Request) -> None:
    """Raises Refused for a form that another site sent."""
    origin = urlsplit(request.headers.get("origin", ""))
    from_here = bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not from_here or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise Refused("This form did not come from this site; type it in here.")


async def _form(request: Request) -> dict[str, str]:
    """The fields of a posted form, none of one that is too long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return {}
    return dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True))


def _page(
    form: Form,
    *,
    problem: ViralTrackerError | None = None,
    done: str = "",
    given: Mapping[str, str] | None = None,
    hidden: Mapping[str, str] | None = None,
) -> Response:
    status = 200 if problem is None else next((code for kind, code in _STATUS if isinstance(problem, kind)), 400)
    said = "" if problem is None else problem.message
    drawn = pages.draw(form, problem=said, done=done, given=given, hidden=hidden)
    return HTMLResponse(drawn, status, headers=_PRIVATE)


def _to(address: str) -> Response:
    return RedirectResponse(address, 303, headers=_PRIVATE)


def _with_session(answer: Response, tokens: Tokens, secure: bool) -> Response:
    answer.headers.append("set-cookie", _cookie(tokens, secure))
    return answer


def _cookie(tokens: Tokens, secure: bool) -> str:
    return (
        f"{COOKIE}={to_cookie(tokens)}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
        f"{'; Secure' if secure else ''}"
    )


def _secure(scope: Scope) -> bool:
    """Whether the browser came by https, to us or to the host's proxy before us."""
    forwarded = Headers(scope=scope).get("x-forwarded-proto", "")
    return scope["scheme"] == "https" or forwarded.split(",")[0].strip() == "https"
