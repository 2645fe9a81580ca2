"""The Gemini API under `/gemini`, as the google-genai SDK speaks it: content, streams, files and batches."""

from __future__ import annotations

import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from viraltracker.sandbox import gemini_questions, gemini_replies
from viraltracker.sandbox.gemini_batches import GeminiBatches
from viraltracker.sandbox.gemini_files import GeminiFiles
from viraltracker.sandbox.model_desk import IN_GEMINI_REPLIES, ModelDesk, ModelError, Reply

_NO_KEY = (
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
    "form of API consumer identity to call this API."
)
Handler = Callable[[Request], Awaitable[Response]]


class GeminiApi:
    """The routes of the service, below no prefix."""

    def __init__(self, desk: ModelDesk) -> None:
        self._desk = desk
        self._files = GeminiFiles(desk)
        self._batches = GeminiBatches(desk, self._files)

    def routes(self) -> list[Route]:
        """To be mounted under the prefix that the SDK's `base_url` ends in."""
        files, batches = self._files, self._batches
        return [
            Route("/v1/models/{model}:generateContent", self._keyed(self._generate), methods=["POST"]),
            Route("/v1/models/{model}:streamGenerateContent", self._keyed(self._stream), methods=["POST"]),
            Route("/v1/models/{model}:batchGenerateContent", self._keyed(batches.create), methods=["POST"]),
            Route("/v1/batches", self._keyed(batches.list), methods=["GET"]),
            Route("/v1/batches/{batch_id}:cancel", self._keyed(batches.cancel), methods=["POST"]),
            Route("/v1/batches/{batch_id}", self._keyed(batches.get), methods=["GET"]),
            Route("/v1/batches/{batch_id}", self._keyed(batches.delete), methods=["DELETE"]),
            Route("/upload/v1/files", self._keyed(files.upload), methods=["POST"]),
            Route("/v1/files", self._keyed(files.list), methods=["GET"]),
            Route("/v1/files/{file_id}:download", self._keyed(files.download), methods=["GET"]),
            Route("/v1/files/{file_id}", self._keyed(files.get), methods=["GET"]),
            Route("/v1/files/{file_id}", self._keyed(files.delete), methods=["DELETE"]),
            Route("/{path:path}", self._keyed(_unknown), methods=["GET", "POST", "PATCH", "DELETE"]),
        ]

    def _keyed(self, handler: Handler) -> Handler:
        """The handler for callers with the key; what it raises is worded as the service does."""

        async def answer(request: Request) -> Response:
            try:
                # The URL of an upload that has begun is its own permission.
                if not (handler == self._files.upload and "upload_id" in request.query_params):
                    self._check_key(request)
                return await handler(request)
            except ModelError as error:
                return gemini_replies.error_response(error)

        return answer

    def _check_key(self, request: Request) -> None:
        key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
        if not key:
            raise ModelError(403, _NO_KEY)
        if not hmac.compare_digest(key.encode(), self._desk.key.encode()):
            # Google answers 400, not 401; only the reason tells a bad key from a bad request.
            raise ModelError(400, "API key not valid. Please pass a valid API key.", reason="API_KEY_INVALID")

    async def _generate(self, request: Request) -> Response:
        reply = await self._reply(request, streamed=False)
        return JSONResponse(gemini_replies.body(reply)) if isinstance(reply, Reply) else reply

    async def _stream(self, request: Request) -> Response:
        reply = await self._reply(request, streamed=True)
        return StreamingResponse(_events(reply), media_type="text/event-stream") if isinstance(reply, Reply) else reply

    async def _reply(self, request: Request, *, streamed: bool) -> Reply | Response:
        body = await gemini_questions.json_body(request)
        model = request.path_params["model"]
        question = gemini_questions.question(body, model, self._files.read, streamed=streamed)
        return await self._desk.reply(request, question, IN_GEMINI_REPLIES)


async def _events(reply: Reply) -> AsyncIterator[bytes]:
    for chunk in gemini_replies.chunks(reply):
        yield b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n"


async def _unknown(request: Request) -> Response:
    raise ModelError(404, f"Requested entity was not found: {request.url.path}")
