"""The sandbox over HTTP: the Graph API, landing pages, Apify, both models, Slack, and the door for faults."""

from __future__ import annotations

import itertools
import json
from collections import deque
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from viraltracker.sandbox import apify, faults, graph_errors, model_calls, model_desk
from viraltracker.sandbox.ad_answers import AdAnswers
from viraltracker.sandbox.apify import ApifyApi
from viraltracker.sandbox.broken import BrokenOff, before
from viraltracker.sandbox.claude import ClaudeApi
from viraltracker.sandbox.demo import catalog, competitors, pages, pictures, product_photos, products
from viraltracker.sandbox.demo.readings import DemoAnswers
from viraltracker.sandbox.faults import Fault, FaultScript
from viraltracker.sandbox.gemini import GeminiApi
from viraltracker.sandbox.graph import Call, Clock, GraphApi
from viraltracker.sandbox.graph_errors import GraphError
from viraltracker.sandbox.links import SignedLinks
from viraltracker.sandbox.model_answers import Answerer
from viraltracker.sandbox.model_calls import ModelCall
from viraltracker.sandbox.model_desk import ModelDesk
from viraltracker.sandbox.objects import picture_library
from viraltracker.sandbox.slack import SlackApi

_CALLS_KEPT = 2000


class Sandbox:
    """The state behind the routes; `faults` and `calls` are for tests to write and read.

    `calls` holds the newest requests of the ad account as "METHOD /path?query" without tokens; `models` has the pace
    and the answerer of Gemini (`base_url` + "/gemini") and Claude ("/claude"), which share `model_key`. By default it
    has read the demo's pictures and clips, writes ads and looks at them, and gives the smallest answer to all else.
    `apify` ("/apify") finds the ads of the demo's competitors for `apify_token`, and has the record of its paid runs.
    `slack` is a workspace (`base_url` + "/slack/api").
    """

    def __init__(
        self,
        clock: Clock,
        *,
        faults: FaultScript | None = None,
        until: date | None = None,
        media_lifetime_seconds: int = 4 * 3600,
        token: str = catalog.TOKEN,
        answerer: Answerer | None = None,
        model_key: str = model_desk.KEY,
        apify_token: str = apify.TOKEN,
    ) -> None:
        self.faults = faults or FaultScript()
        self.links = SignedLinks(clock, media_lifetime_seconds)
        self.graph = GraphApi(clock, self.links, until=until, token=token)
        self.models = ModelDesk(clock, self.faults, answerer=answerer or DemoAnswers(AdAnswers()), key=model_key)
        self.apify = ApifyApi(clock, self.faults, self.links, self.graph.today, token=apify_token)
        self.slack = SlackApi(self.faults)
        self.calls: deque[str] = deque(maxlen=_CALLS_KEPT)
        self._traces = itertools.count(1)

    @property
    def model_calls(self) -> list[ModelCall]:
        """What the models were asked so far, in the order in which the calls ended."""
        return self.models.calls.all()

    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/__faults", self._faults, methods=["POST", "DELETE"]),
                Route("/__calls", self._calls, methods=["GET"]),
                Route("/__models", self._paces, methods=["GET", "POST"]),
                Route("/__model_calls", self._model_calls, methods=["GET", "DELETE"]),
                Route("/__apify", self._apify, methods=["GET", "POST"]),
                Mount("/apify", routes=self.apify.routes()),
                Mount("/gemini", routes=GeminiApi(self.models).routes()),
                Mount("/claude", routes=ClaudeApi(self.models).routes()),
                Mount("/slack", routes=self.slack.routes()),
                Route("/pages/{slug}", self._landing_page, methods=["GET"]),
                Route("/demo/products", self._products, methods=["GET"]),
                Route("/demo/photos/{name}.png", _product_photo, methods=["GET"]),
                Route(f"/library/{competitors.EXPORT_NAME}", self._library_export, methods=["GET"]),
                Route("/media/{kind}/{name}", self._media, methods=["GET"]),
                Route("/{path:path}", self._graph, methods=["GET", "POST", "DELETE"]),
            ]
        )

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.faults.clear()
            return JSONResponse({"success": True})
        try:
            self.faults.add(*faults.from_json(await request.json()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse({"success": True})

    async def _calls(self, _: Request) -> Response:
        return JSONResponse(list(self.calls))

    async def _paces(self, request: Request) -> Response:
        try:
            if request.method == "POST":
                self.models.set_paces(await request.json())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse(self.models.paces())

    async def _model_calls(self, request: Request) -> Response:
        if request.method == "DELETE":
            self.models.calls.clear()
            return JSONResponse({"success": True})
        return JSONResponse(model_calls.as_json(self.model_calls))

    async def _apify(self, request: Request) -> Response:
        try:
            if request.method == "POST":
                self.apify.set_pace(await request.json())
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return JSONResponse(self.apify.as_json())

    async def _graph(self, request: Request) -> Response:
        params = dict(request.query_params)
        if request.method == "POST":
            params |= _body_params(await request.body(), request.headers.get("content-type", ""))
        token = params.pop("access_token", None) or _header_token(request)
        path = request.url.path
        self._note(request.method, path, params)
        fault = self.faults.take(request.method, path, params)
        broken = await before(fault, self.faults)
        if broken is not None:
            return broken
        call = Call(request.method, path.lstrip("/"), params, _base_url(request), token)
        trace_id = f"A{next(self._traces):021x}"
        try:
            # In the event loop on purpose: an answer takes milliseconds, and pages stay in order.
            body, status = self.graph.answer(call, fault), 200
            if fault:
                _scripted_error(fault)
        except GraphError as error:
            body, status = json.dumps(error.payload(trace_id)), error.status
        headers = {**_usage_headers(fault, path), "x-fb-trace-id": trace_id, "facebook-api-version": "v26.0"}
        return Response(body, status, headers, "application/json; charset=UTF-8")

    async def _media(self, request: Request) -> Response:
        path = request.url.path
        self._note("GET", path, {})
        fault = self.faults.take("GET", path, request.query_params)
        broken = await before(fault, self.faults)
        if broken is not None:
            return broken
        if not self.links.valid(path, request.query_params) or (fault and fault.kind == "expired_link"):
            return Response("URL signature expired", 403, media_type="text/plain")
        body, mime = media_bytes(request.path_params["kind"], request.path_params["name"])
        if body is None:
            return Response("Not found", 404, media_type="text/plain")
        if fault and fault.kind == "truncated":
            return BrokenOff(body[: len(body) // 2], len(body), mime)
        return Response(body, media_type=mime, headers={"cache-control": "max-age=1209600"})

    async def _landing_page(self, request: Request) -> Response:
        self._note("GET", request.url.path, {})
        fault = self.faults.take("GET", request.url.path, request.query_params)
        broken = await before(fault, self.faults)
        if broken is not None:
            return broken
        account, _ = self.graph.account()
        page = pages.render(request.path_params["slug"], self.graph.today(), account.until)
        return HTMLResponse(page.html, page.status)

    async def _products(self, request: Request) -> Response:
        return JSONResponse(products.every(_base_url(request), self.graph.today()))

    async def _library_export(self, request: Request) -> Response:
        self._note("GET", request.url.path, {})
        body = await run_in_threadpool(competitors.export_zip, self.graph.today())
        return Response(body, media_type="application/zip")

    def _note(self, method: str, path: str, params: dict[str, str]) -> None:
        query = "&".join(f"{name}={value}" for name, value in params.items() if name != "appsecret_proof")
        self.calls.append(f"{method} {path}?{query}")


def _scripted_error(fault: Fault) -> None:
    options = fault.options
    if fault.kind == "rate_limited":
        raise graph_errors.rate_limited()
    if fault.kind == "error":
        raise GraphError(
            options.get("code", 1),
            options.get("message", "An unknown error occurred"),
            options.get("status", 400),
            options.get("subcode"),
            transient=options.get("transient", False),
        )


def _usage_headers(fault: Fault | None, path: str) -> dict[str, str]:
    """The four usage headers; percent of the budget used, regain time in minutes."""
    options: dict[str, Any] = dict(fault.options) if fault else {}
    limited = fault is not None and fault.kind == "rate_limited"
    percent = options.get("percent", 100 if limited else 3)
    regain = options.get("regain_minutes", 5 if limited else 0)
    number = catalog.ACCOUNT_ID.removeprefix("act_")
    kind = "ads_insights" if path.rstrip("/").endswith("insights") else "ads_management"
    use_case = {
        "type": kind,
        "call_count": percent,
        "total_cputime": percent,
        "total_time": percent,
        "estimated_time_to_regain_access": regain,
        "ads_api_access_tier": "standard_access",
    }
    return {
        "x-app-usage": json.dumps({"call_count": percent, "total_cputime": percent, "total_time": percent}),
        "x-business-use-case-usage": json.dumps({number: [use_case]}),
        "x-ad-account-usage": json.dumps(
            {
                "acc_id_util_pct": float(percent),
                "reset_time_duration": regain * 60,
                "ads_api_access_tier": "standard_access",
            }
        ),
        "x-fb-ads-insights-throttle": json.dumps(
            {
                "app_id_util_pct": float(percent),
                "acc_id_util_pct": float(percent),
                "ads_api_access_tier": "standard_access",
            }
        ),
    }


def _body_params(body: bytes, content_type: str) -> dict[str, str]:
    """Form or JSON body; values that are not strings become JSON text, as in a form."""
    if content_type.startswith("application/json"):
        given = json.loads(body or b"{}")
        return {name: v if isinstance(v, str) else json.dumps(v) for name, v in given.items()}
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _header_token(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() in {"bearer", "oauth"} else None


def _base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _product_photo(request: Request) -> Response:
    """Not a coroutine: a photo takes half a second to draw, and others are answered meanwhile."""
    drawn = product_photos.draw(request.path_params["name"])
    if drawn is None:
        return Response("Not found", 404, media_type="text/plain")
    return Response(drawn, media_type="image/png")


@lru_cache(maxsize=512)
def media_bytes(kind: str, name: str) -> tuple[bytes | None, str]:
    """Bytes and mime type of one asset, drawn or read the first time; None when there is no such asset."""
    if kind == "v":
        if name not in {f"{clip.slug}.mp4" for clip in catalog.CLIPS}:
            return None, ""
        clips = resources.files("viraltracker.sandbox.demo") / "clips"
        return (clips / name).read_bytes(), "video/mp4"
    if kind == "c":
        return competitors.picture(name.removesuffix(".jpg")), "image/jpeg"
    picture = picture_library().get(name.removesuffix(".jpg"))
    return (pictures.draw(picture), "image/jpeg") if picture else (None, "")
