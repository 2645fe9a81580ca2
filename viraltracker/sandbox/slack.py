"""Slack's Web API under `/slack/api`, as far as an upload to a channel goes, as the slack_sdk speaks it.

Three steps: an address for each file, its bytes, and the message that shares them. Nobody sees a file before the last.
"""

from __future__ import annotations

import hmac
import itertools
import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from viraltracker.sandbox.broken import BrokenOff, before
from viraltracker.sandbox.faults import Fault, FaultScript

TOKEN: Final = "xoxb-sandbox"  # noqa: S105 - opens the sandbox on this machine, nothing else
CHANNEL: Final = "C0SANDBOX0"
KINDS: Final = frozenset({"html_502", "html_200", "empty_body", "reset", "slow", "slack_error", "done_then_cut"})


@dataclass(frozen=True)
class SharedFile:
    """A file of a message, without its bytes."""

    id: str
    name: str
    title: str
    bytes: int


@dataclass(frozen=True)
class Message:
    """What a channel shows."""

    channel: str
    text: str
    files: tuple[SharedFile, ...]


@dataclass
class SlackApi:
    """A workspace with one bot, which is in one channel. `messages` and `data` (bytes by file id) are for tests."""

    faults: FaultScript
    token: str = field(default=TOKEN, repr=False)
    channel: str = CHANNEL
    messages: list[Message] = field(default_factory=list)
    data: dict[str, bytes] = field(default_factory=dict)
    _promised: dict[str, tuple[str, int]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def routes(self) -> list[Route]:
        """To be mounted under the prefix that stands before `/api` in the SDK's `base_url`."""
        return [
            Route("/api/files.getUploadURLExternal", self._promise, methods=["POST"]),
            Route("/upload/v1/{file_id}", self._take, methods=["POST"]),
            Route("/api/files.completeUploadExternal", self._share, methods=["POST"]),
            Route("/messages", self._shown, methods=["GET"]),
            Route("/api/{method}", self._unknown, methods=["GET", "POST"]),
        ]

    async def _promise(self, request: Request) -> Response:
        given, refusal = await self._asked(request)
        if refusal is not None:
            return refusal
        length = given.get("length", "")
        if not length.isdigit() or int(length) == 0 or not given.get("filename"):
            return _no("invalid_arguments")
        with self._turn:
            file_id = f"F{next(self._numbers):010d}"
            self._promised[file_id] = given["filename"], int(length)
        base = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return JSONResponse({"ok": True, "upload_url": f"{base}/upload/v1/{file_id}", "file_id": file_id})

    async def _take(self, request: Request) -> Response:
        fault = self._fault(request)
        if (broken := await before(fault, self.faults)) is not None:
            return broken
        file_id = request.path_params["file_id"]
        body = await request.body()
        if file_id not in self._promised or len(body) != self._promised[file_id][1]:
            return Response("bad upload", 400, media_type="text/plain")
        self.data[file_id] = body
        return Response(f"OK - {len(body)}", media_type="text/plain")

    async def _share(self, request: Request) -> Response:
        given, refusal = await self._asked(request)
        if refusal is not None:
            return refusal
        if given.get("channel_id") != self.channel:
            return _no("channel_not_found")
        wanted = json.loads(given.get("files", "[]"))
        if not wanted or any(file["id"] not in self.data for file in wanted):
            return _no("file_not_found")
        shared = tuple(
            SharedFile(
                file["id"],
                self._promised[file["id"]][0],
                file.get("title", ""),
                len(self.data[file["id"]]),
            )
            for file in wanted
        )
        self.messages.append(Message(self.channel, given.get("initial_comment", ""), shared))
        fault = self._fault(request, {"done_then_cut"})
        answer = {"ok": True, "files": [{"id": file.id, "title": file.title} for file in shared]}
        return JSONResponse(answer) if fault is None else BrokenOff(b'{"ok":', 4096, "application/json")

    async def _shown(self, _: Request) -> Response:
        return JSONResponse([asdict(message) for message in self.messages])

    async def _unknown(self, _: Request) -> Response:
        return _no("unknown_method")

    async def _asked(self, request: Request) -> tuple[Mapping[str, str], Response | None]:
        """The form that was sent, and the answer that comes in place of the right one."""
        fault = self._fault(request)
        broken = await before(fault, self.faults)
        if broken is not None:
            return {}, broken
        if fault is not None and fault.kind == "slack_error":
            return {}, _scripted(fault.options)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            return {}, _no("not_authed")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            return {}, _no("invalid_auth")
        async with request.form() as form:
            return {name: str(value) for name, value in form.items()}, None

    def _fault(self, request: Request, kinds: frozenset[str] | set[str] = KINDS - {"done_then_cut"}) -> Fault | None:
        return self.faults.take_of(kinds, request.method, request.url.path, {})


def _no(error: str) -> Response:
    return JSONResponse({"ok": False, "error": error})


def _scripted(options: Mapping[str, Any]) -> Response:
    error = options.get("error", "internal_error")
    if error != "ratelimited":
        return _no(error)
    headers = {"Retry-After": str(options.get("retry_after", 30))}
    return JSONResponse({"ok": False, "error": error}, 429, headers)
