"""Transport that lets supabase-py speak to a bare PostgREST, which knows no path prefix."""

from __future__ import annotations

import httpx

PREFIX = b"/rest/v1"


class StripPrefixTransport(httpx.HTTPTransport):
    """Takes `/rest/v1` off the path of requests to this machine and leaves every other request alone.

    Hosted Supabase has a gateway that does the same; the embedded PostgREST serves at `/`.
    """

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path
        if request.url.host in ("127.0.0.1", "localhost", "::1") and _has_prefix(path):
            bare = path.removeprefix(PREFIX)
            request = httpx.Request(
                method=request.method,
                url=request.url.copy_with(raw_path=bare if bare.startswith(b"/") else b"/" + bare),
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        return super().handle_request(request)


def _has_prefix(raw_path: bytes) -> bool:
    return raw_path == PREFIX or raw_path.startswith((PREFIX + b"/", PREFIX + b"?"))
