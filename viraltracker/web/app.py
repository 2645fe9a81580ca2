"""The web server: `streamlit run viraltracker/web/app.py`, or any ASGI server on `app`.

It lives here and not beside `pages/`, where Streamlit would serve a page by its file name before anybody is asked
who they are. Streamlit imports this file by its bare name, with this folder first on the path.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config

from viraltracker import settings
from viraltracker.web import address, guard, places, states
from viraltracker.web.bundle import Bundle
from viraltracker.web.sign_in import SignIn

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def policy() -> str:
    """The Content-Security-Policy: nothing from elsewhere, no frame around us, no script but Streamlit's own.

    Charts are compiled to functions in the browser, hence 'unsafe-eval'; styles are set from script.
    """
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = (base64.b64encode(hashlib.sha256(code.encode()).digest()) for code in _INLINE_SCRIPT.findall(page))
    scripts = " ".join(f"'sha256-{digest.decode()}'" for digest in inline)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' 'unsafe-eval' {scripts}".strip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' blob:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


class SecurityHeaders:
    """Adds the headers that keep other sites out of the app to every answer."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner
        self._headers = {
            "Content-Security-Policy": policy(),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await self._inner(scope, receive, send_with_headers)


async def healthz(_request: Request) -> PlainTextResponse:
    """Answers once the server takes requests; says nothing about the database."""
    return PlainTextResponse("ok")


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncGenerator[None, None]:
    """What comes before the first request.

    Ends the start with ConfigurationError where the app would serve its owner to other machines.
    """
    logging.basicConfig(level=CONFIGURED.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    address.require_safe(CONFIGURED, config.get_option("server.address"))
    places.import_ahead()
    yield


# The keys that no page may hold leave the environment here, before the first page exists.
CONFIGURED = settings.load_for_web()

# A page elsewhere whose name was made to point at 127.0.0.1 still says its own name in the Host header.
HOSTS = ["*"] if CONFIGURED.hosted else list(address.LOOPBACK)

sign_in = SignIn(guard.sessions, guard.http) if CONFIGURED.hosted else None

app = st.App(
    Path(__file__).with_name("frame.py"),
    routes=[Route("/healthz", healthz), *(sign_in.routes() if sign_in else ())],
    middleware=[
        Middleware(SecurityHeaders),
        Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS),
        Middleware(Bundle),
        *([sign_in.middleware()] if sign_in else ()),
    ],
    lifespan=lifespan,
    on_script_error=states.draw_failure,
)
