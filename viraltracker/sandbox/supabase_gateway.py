"""The door of hosted Supabase: `/rest/v1`, `/storage/v1` and `/auth/v1` behind publishable and secret keys.

Stands before a bare PostgREST, so that the code that runs against hosted Supabase runs here unchanged: the same
client, the same paths, the same kind of keys. Like the hosted gateway it exchanges a key for the role's JWT and lets a
signed-in user's own JWT through.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from viraltracker.sandbox.supabase_auth import SupabaseAuth
from viraltracker.sandbox.supabase_storage import SupabaseStorageApi

_HOP_BY_HOP = frozenset({"connection", "content-length", "date", "host", "server", "transfer-encoding"})


@dataclass(frozen=True)
class Keys:
    """The two keys of a project and the JWTs they stand for."""

    publishable: str
    secret: str = field(repr=False)
    anon_jwt: str = field(repr=False)
    service_jwt: str = field(repr=False)

    def authorization(self, request: Request) -> str | None:
        """The `Authorization` header to pass on; None when the request has no key of this project."""
        exchanged = {self.publishable: self.anon_jwt, self.secret: self.service_jwt}
        key = request.headers.get("apikey", "")
        if key not in exchanged:
            return None
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        return f"Bearer {given if given and given != key else exchanged[key]}"


@dataclass(frozen=True)
class SupabaseGateway:
    """`rest_url` is PostgREST's root; without `auth` nobody can sign in."""

    rest_url: str
    keys: Keys
    files: SupabaseStorageApi
    auth: SupabaseAuth | None = None

    def app(self) -> Starlette:
        """The ASGI application."""
        methods = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]
        return Starlette(
            routes=[
                Route("/rest/v1/{path:path}", self._rest, methods=methods),
                Route("/storage/v1/object/{bucket}/{path:path}", self._object, methods=["GET", "POST"]),
                Route("/auth/v1/{path:path}", self._auth, methods=methods),
            ],
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        async with httpx.AsyncClient(base_url=self.rest_url, timeout=120) as http:
            app.state.http = http
            yield

    async def _rest(self, request: Request) -> Response:
        authorization = self.keys.authorization(request)
        if authorization is None:
            return JSONResponse({"message": "Invalid API key"}, status_code=401)
        headers = [(n, v) for n, v in request.headers.items() if n not in _HOP_BY_HOP and n != "authorization"]
        answer = await request.app.state.http.request(
            request.method,
            f"/{request.path_params['path']}",
            params=request.query_params.multi_items(),
            content=await request.body(),
            headers=[*headers, ("authorization", authorization)],
        )
        # httpx has taken the content's encoding off.
        kept = {n: v for n, v in answer.headers.items() if n not in _HOP_BY_HOP and n != "content-encoding"}
        return Response(answer.content, answer.status_code, headers=kept)

    async def _auth(self, request: Request) -> Response:
        if self.keys.authorization(request) is None:
            return JSONResponse({"message": "Invalid API key"}, status_code=401)
        if self.auth is None:
            return JSONResponse({"message": "no Route matched with those values"}, status_code=404)
        return await self.auth.answer(request, request.path_params["path"])

    async def _object(self, request: Request) -> Response:
        authorization = self.keys.authorization(request)
        if authorization is None:
            return JSONResponse({"message": "Invalid API key"}, status_code=401)
        return await self.files.answer(request, authorization, **request.path_params)
