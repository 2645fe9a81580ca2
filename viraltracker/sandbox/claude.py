"""The Claude API under `/claude`, as the anthropic SDK speaks it: messages, streams and batches."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from viraltracker.sandbox import claude_questions, claude_replies
from viraltracker.sandbox.claude_batches import ClaudeBatches
from viraltracker.sandbox.model_desk import IN_REPLIES, ModelDesk, ModelError

Handler = Callable[[Request], Awaitable[Response]]


class ClaudeApi:
    """The routes of the service, below no prefix."""

    def __init__(self, desk: ModelDesk) -> None:
        self._desk = desk
        self._batches = ClaudeBatches(desk)

    def routes(self) -> list[Route]:
        """To be mounted under the prefix that the SDK's `base_url` ends in."""
        batches = self._batches
        return [
            Route("/v1/messages", self._keyed(self._message), methods=["POST"]),
            Route("/v1/messages/batches", self._keyed(batches.create), methods=["POST"]),
            Route("/v1/messages/batches", self._keyed(batches.list), methods=["GET"]),
            Route("/v1/messages/batches/{batch_id}", self._keyed(batches.get), methods=["GET"]),
            Route("/v1/messages/batches/{batch_id}", self._keyed(batches.delete), methods=["DELETE"]),
            Route("/v1/messages/batches/{batch_id}/cancel", self._keyed(batches.cancel), methods=["POST"]),
            Route("/v1/messages/batches/{batch_id}/results", self._keyed(batches.results), methods=["GET"]),
            Route("/{path:path}", self._keyed(_unknown), methods=["GET", "POST", "DELETE"]),
        ]

    def _keyed(self, handler: Handler) -> Handler:
        """The handler for callers with the key; what it raises is worded as the service does."""

        async def answer(request: Request) -> Response:
            try:
                self._check_key(request)
                return await handler(request)
            except ModelError as error:
                return claude_replies.error_response(error)

        return answer

    def _check_key(self, request: Request) -> None:
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        key = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        if not key:
            raise ModelError(401, "x-api-key header is required")
        if not hmac.compare_digest(key.encode(), self._desk.key.encode()):
            raise ModelError(401, "invalid bearer token" if scheme else "invalid x-api-key")
        if "anthropic-version" not in request.headers:
            raise ModelError(400, "anthropic-version: header is required")

    async def _message(self, request: Request) -> Response:
        question = claude_questions.question(await claude_questions.json_body(request))
        reply = await self._desk.reply(request, question, IN_REPLIES)
        if isinstance(reply, Response):
            return reply
        if question.streamed:
            return StreamingResponse(claude_replies.events(reply), media_type="text/event-stream")
        return JSONResponse(claude_replies.message(reply))


async def _unknown(_: Request) -> Response:
    raise ModelError(404, "Not found")
