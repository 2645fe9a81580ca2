"""A deployment in small: the gateway with sign-in, and the web app's own routes before an empty page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from uuid import uuid4

import httpx
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from viraltracker.local.keys import Keys as LocalKeys
from viraltracker.local.stack import Endpoints, Stack
from viraltracker.sandbox import server
from viraltracker.sandbox.supabase_auth import SupabaseAuth
from viraltracker.sandbox.supabase_gateway import Keys, SupabaseGateway
from viraltracker.sandbox.supabase_storage import SupabaseStorageApi
from viraltracker.store import client
from viraltracker.store.auth import Auth
from viraltracker.web.sessions import Sessions
from viraltracker.web.sign_in import SignIn

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Deployment:
    """`service` is the stand-in that is asked over HTTP, `sessions` what the web process keeps."""

    url: str
    service: SupabaseAuth
    sessions: Sessions
    database: psycopg.Connection
    opened: ExitStack

    def person(self, role: str | None = None, organization: str | None = None) -> str:
        """The address of somebody new with PASSWORD, who may be a member."""
        email = f"{uuid4().hex[:12]}@example.com"
        user_id = self.service.confirm(email, PASSWORD)
        if role is not None:
            self.database.execute("insert into public.memberships values (%s, %s, %s)", [organization, user_id, role])
        return email

    def browser(self, **headers: str) -> httpx.Client:
        """Keeps cookies as a browser does, asks for pages, and does not follow where it is led."""
        client = httpx.Client(base_url=self.url, headers={"Accept": "text/html"} | headers, trust_env=False)
        return self.opened.enter_context(client)


@pytest.fixture(scope="session")
def auth_service(stack: Stack, database: psycopg.Connection) -> SupabaseAuth:
    secret = LocalKeys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
    return SupabaseAuth(database, secret)


@pytest.fixture(scope="session")
def gateway(
    stack: Stack, endpoints: Endpoints, auth_service: SupabaseAuth, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Address and publishable key of the hosted project."""
    keys = Keys("sb_publishable_test", "sb_secret_test", endpoints.anon_key, endpoints.service_key)
    secret = LocalKeys.from_json(stack.home.keys.read_text(encoding="utf-8")).secret
    with psycopg.connect(stack.superuser_url(), autocommit=True) as own:
        files = SupabaseStorageApi(own, secret, tmp_path_factory.mktemp("storage"))
        with server.running_app(SupabaseGateway(endpoints.rest_url, keys, files, auth_service).app()) as url:
            yield url, keys.publishable


@pytest.fixture
def fresh_service(auth_service: SupabaseAuth) -> Iterator[SupabaseAuth]:
    """The sign-in service with its usual limits, whatever the test changes."""
    yield auth_service
    auth_service.busy = False
    auth_service.access_seconds, auth_service.mail_seconds, auth_service.reuse_seconds = 3600, 60, 10


@pytest.fixture(scope="session")
def pool() -> Iterator[httpx.Client]:
    with client.http_client(embedded=False) as http:
        yield http


@pytest.fixture
def deployment(
    gateway: tuple[str, str], fresh_service: SupabaseAuth, pool: httpx.Client, database: psycopg.Connection
) -> Iterator[Deployment]:
    """The routes and what stands before the pages, in a process that has seen nobody yet."""
    sessions = Sessions(Auth(*gateway, pool))
    sign_in = SignIn(lambda: sessions, lambda: pool)

    def page(_request: Request) -> HTMLResponse:
        return HTMLResponse("the page")

    app = Starlette(
        routes=[*sign_in.routes(), Route("/{path:path}", page)],
        middleware=[sign_in.middleware()],
    )
    with server.running_app(app) as url, ExitStack() as opened:
        yield Deployment(url, fresh_service, sessions, database, opened)


@pytest.fixture
def organization(database: psycopg.Connection) -> Iterator[str]:
    """An organisation without anybody in it."""
    made = str(uuid4())
    database.execute("insert into public.organizations (id, name) values (%s, 'Agency')", [made])
    yield made
    database.execute("delete from public.organizations where id = %s", [made])


Submit = Callable[..., httpx.Response]


@pytest.fixture
def submit(deployment: Deployment) -> Submit:
    """Sends a form as a browser on this site would."""

    def send(browser: httpx.Client, address: str, **fields: str) -> httpx.Response:
        return browser.post(address, data=fields, headers={"Origin": deployment.url})

    return send
