"""Apify's API under `/apify`, as the apify-client SDK speaks it: runs of one actor, their input and what they found."""

from __future__ import annotations

import gzip
import hmac
import json
import re
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from viraltracker import clock as real_clock
from viraltracker.sandbox import ad_library
from viraltracker.sandbox.broken import before
from viraltracker.sandbox.demo import competitors
from viraltracker.sandbox.demo.competitors import CompetitorAd
from viraltracker.sandbox.faults import Fault, FaultScript
from viraltracker.sandbox.graph import Clock
from viraltracker.sandbox.links import SignedLinks

TOKEN = "sandbox-apify-token"  # noqa: S105 - public, and opens nothing but the sandbox
ACTOR = "curious_coder/facebook-ads-library-scraper"
USD_AN_ITEM = 0.00075
OVER = frozenset({"SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"})

# Which rules of the fault script see which requests. Those of a run are taken when it starts and befall it later.
ANYWHERE = frozenset({"html_502", "html_200", "empty_body", "reset", "slow", "apify_error"})
OF_RUNS = frozenset({"run_ends", "run_stuck", "run_forgotten"})
OF_ITEMS = frozenset({"item_without_id"})
_TYPES = {
    401: ("user-or-token-not-found", "User was not found or authentication token is not valid"),
    402: ("not-enough-usage-to-run-paid-actor", "By launching this job you will exceed your remaining usage."),
    404: ("record-not-found", "The requested resource was not found"),
    429: ("rate-limit-exceeded", "You have exceeded the rate limit of requests per second"),
}

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class ActorRun:
    """A paid run. `arrived` in seconds of `clock.monotonic()`; `given` is its input, `ads` what it finds."""

    run_id: str
    actor: str
    started: datetime
    arrived: float
    given: Mapping[str, Any]
    user_agent: str
    options: Mapping[str, str]
    ads: Sequence[CompetitorAd]
    fault: Fault | None
    aborted: bool = False

    @property
    def kind(self) -> str | None:
        """What befalls it."""
        return self.fault.kind if self.fault else None


class ApifyApi:
    """The service's state. `seconds` until a run ends, `token`, and `tells_user_agent` are for tests to change.

    `runs` are all that were started, each of them paid for.
    """

    def __init__(
        self, clock: Clock, faults: FaultScript, links: SignedLinks, today: Callable[[], date], *, token: str = TOKEN
    ) -> None:
        self.seconds = 0.0
        self.token = token
        self.tells_user_agent = True
        self._clock = clock
        self._faults = faults
        self._links = links
        self._today = today
        self._runs: dict[str, ActorRun] = {}
        self._lock = threading.Lock()

    @property
    def runs(self) -> list[ActorRun]:
        """Every run that was started, oldest first."""
        with self._lock:
            return list(self._runs.values())

    def clear(self) -> None:
        """Forgets every run, and takes no time again."""
        with self._lock:
            self._runs.clear()
        self.seconds, self.tells_user_agent = 0.0, True

    def as_json(self) -> dict[str, Any]:
        """For tests in another process: the pace, and the runs without what they found."""
        runs = [
            {"id": run.run_id, "status": self._status(run), "input": run.given, "user_agent": run.user_agent}
            for run in self.runs
        ]
        return {"apify_seconds": self.seconds, "runs": runs}

    def set_pace(self, given: Mapping[str, Any]) -> None:
        """Sets `apify_seconds`. Raises ValueError for another name or what is not a number of seconds."""
        for name, seconds in given.items():
            if name != "apify_seconds" or isinstance(seconds, bool) or not isinstance(seconds, int | float):
                raise ValueError(f"Give seconds for apify_seconds, not {name}: {seconds!r}")
            if seconds < 0:
                raise ValueError("apify_seconds cannot be less than 0")
            self.seconds = float(seconds)

    def routes(self) -> list[Route]:
        """To be mounted under the prefix that the SDK's `api_url` ends in."""
        found = []
        for actors in ("actors", "acts"):  # the name it has today, and the one of years
            found += [
                Route(f"/v2/{actors}/{{actor}}/runs", self._keyed(self._start), methods=["POST"]),
                Route(f"/v2/{actors}/{{actor}}/runs", self._keyed(self._list), methods=["GET"]),
            ]
        return [
            *found,
            Route("/v2/actor-runs/{run_id}", self._keyed(self._get), methods=["GET"]),
            Route("/v2/actor-runs/{run_id}/abort", self._keyed(self._abort), methods=["POST"]),
            Route("/v2/datasets/{dataset_id}/items", self._keyed(self._items), methods=["GET"]),
            Route("/v2/key-value-stores/{store_id}/records/INPUT", self._keyed(self._input), methods=["GET"]),
            Route("/{path:path}", self._keyed(self._unknown), methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    def _keyed(self, handler: Handler) -> Handler:
        async def answer(request: Request) -> Response:
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme != "Bearer" or not hmac.compare_digest(token.encode(), self.token.encode()):
                return _error(401)
            return await handler(request)

        return answer

    async def _start(self, request: Request) -> Response:
        fault = self._taken(request, ANYWHERE)
        options = fault.options if fault else {}
        if request.path_params["actor"] != ACTOR.replace("/", "~"):
            return _error(404, "Actor was not found")
        run = None
        if fault is None or fault.kind == "slow" or options.get("started"):
            try:
                run = await self._run(request)
            except ValueError as error:
                return _error(400, f"Input is not valid: {error}", "invalid-input")
        broken = await self._broken(fault)
        if broken is not None or run is None:
            return broken if broken is not None else _error(500)
        return JSONResponse({"data": self._told(run)}, 201)

    async def _run(self, request: Request) -> ActorRun:
        given = _json(await request.body(), request.headers.get("content-encoding"))
        run = ActorRun(
            run_id=secrets.token_hex(9)[:17],
            actor=request.path_params["actor"],
            started=self._clock.now(),
            arrived=real_clock.monotonic(),
            given=given,
            user_agent=request.headers.get("user-agent", ""),
            options=dict(request.query_params),
            ads=found(given, self._today()),
            fault=self._taken(request, OF_RUNS),
        )
        with self._lock:
            self._runs[run.run_id] = run
        return run

    async def _list(self, request: Request) -> Response:
        broken = await self._broken(self._taken(request, ANYWHERE))
        if broken is not None:
            return broken
        asked = request.query_params
        after = datetime.fromisoformat(asked["startedAfter"]) if "startedAfter" in asked else None
        runs = [
            run
            for run in self.runs
            if run.actor == request.path_params["actor"] and (after is None or run.started >= after)
        ]
        if asked.get("desc") in {"true", "1"}:
            runs.reverse()
        offset, limit = int(asked.get("offset", 0)), min(int(asked.get("limit", 1000)), 1000)
        page = [self._told(run) for run in runs[offset : offset + limit]]
        told = {"total": len(runs), "count": len(page), "offset": offset, "limit": limit, "desc": False, "items": page}
        return JSONResponse({"data": told})

    async def _get(self, request: Request) -> Response:
        return await self._answer(request)

    async def _abort(self, request: Request) -> Response:
        return await self._answer(request, abort=True)

    async def _answer(self, request: Request, *, abort: bool = False) -> Response:
        broken = await self._broken(self._taken(request, ANYWHERE))
        if broken is not None:
            return broken
        run = self._known(request.path_params["run_id"])
        if run is None:
            return _error(404)
        if abort and self._status(run) not in OVER:
            run.aborted = True
        return JSONResponse({"data": self._told(run)})

    async def _items(self, request: Request) -> Response:
        broken = await self._broken(self._taken(request, ANYWHERE))
        if broken is not None:
            return broken
        run = self._known(request.path_params["dataset_id"].removeprefix("data"))
        if run is None:
            return _error(404)
        asked = request.query_params
        offset, limit = int(asked.get("offset", 0)), int(asked.get("limit", 999_999_999_999))
        base_url = f"{request.url.scheme}://{request.url.netloc}"
        ready, today = self._ready(run), self._today()
        rows: list[dict[str, Any]] = [
            competitors.scraped_row(ad, today, self._links.sign(base_url, f"/media/c/{ad.ad_archive_id}.jpg"))
            for ad in ready[offset : offset + limit]
        ]
        if rows and self._taken(request, OF_ITEMS):
            rows[0] = {"error": "This ad could not be read", "url": rows[0]["ad_library_url"]}
        headers = {"total": len(ready), "offset": offset, "count": len(rows), "limit": limit, "desc": "false"}
        named = {f"X-Apify-Pagination-{name.capitalize()}": str(value) for name, value in headers.items()}
        return JSONResponse(rows, headers=named)

    async def _input(self, request: Request) -> Response:
        broken = await self._broken(self._taken(request, ANYWHERE))
        if broken is not None:
            return broken
        run = self._known(request.path_params["store_id"].removeprefix("store"))
        return _error(404) if run is None else JSONResponse(run.given)

    async def _unknown(self, _request: Request) -> Response:
        return _error(404)

    def _taken(self, request: Request, kinds: frozenset[str]) -> Fault | None:
        return self._faults.take_of(kinds, request.method, request.url.path, request.query_params)

    async def _broken(self, fault: Fault | None) -> Response | None:
        if fault and fault.kind == "apify_error":
            options = fault.options
            return _error(options.get("status", 500), options.get("message"), options.get("type"))
        return await before(fault, self._faults)

    def _known(self, run_id: str) -> ActorRun | None:
        with self._lock:
            run = self._runs.get(run_id)
        return None if run is None or run.kind == "run_forgotten" else run

    def _status(self, run: ActorRun) -> str:
        if run.aborted:
            return "ABORTED"
        elapsed = real_clock.monotonic() - run.arrived
        if run.kind == "run_stuck" or elapsed < self.seconds:
            return "READY" if elapsed < self.seconds / 4 else "RUNNING"
        return str(run.fault.options.get("status", "FAILED")) if run.fault and run.kind == "run_ends" else "SUCCEEDED"

    def _ready(self, run: ActorRun) -> Sequence[CompetitorAd]:
        """What it has found: all in the end, and half of it when it ended before that."""
        status = self._status(run)
        if status == "SUCCEEDED":
            return run.ads
        if status in OVER:
            most = run.fault.options.get("items") if run.fault else None
            return run.ads[: len(run.ads) // 2 if most is None else most]
        return ()

    def _told(self, run: ActorRun) -> dict[str, Any]:
        status = self._status(run)
        meta = {"origin": "API", "clientIp": "127.0.0.1"}
        return {
            "id": run.run_id,
            "actId": "XtaWFhbtfxyzqrFmd",
            "userId": "sandboxUserId0001",
            "startedAt": _when(run.started),
            "finishedAt": _when(self._clock.now()) if status in OVER else None,
            "status": status,
            "statusMessage": "Actor failed to reach the page" if status == "FAILED" else "",
            "meta": meta | ({"userAgent": run.user_agent} if self.tells_user_agent else {}),
            "stats": {"inputBodyLen": len(json.dumps(run.given)), "restartCount": 0, "computeUnits": 0.01},
            "options": {
                "build": "latest",
                "timeoutSecs": int(run.options.get("timeout", 0)),
                "memoryMbytes": 1024,
                "diskMbytes": 2048,
            },
            "buildId": "BuildOfSandbox001",
            "exitCode": (0 if status == "SUCCEEDED" else 1) if status in OVER else None,
            "defaultKeyValueStoreId": f"store{run.run_id}",
            "defaultDatasetId": f"data{run.run_id}",
            "defaultRequestQueueId": f"queue{run.run_id}",
            "usageTotalUsd": round(USD_AN_ITEM * len(self._ready(run)), 6),
        }


def found(given: Mapping[str, Any], today: date) -> list[CompetitorAd]:
    """The ads that an input of the actor asks for. Raises ValueError for what the actor's own schema refuses."""
    urls, count = given.get("urls"), given.get("count")
    if not isinstance(urls, list) or not urls or not all(isinstance(each, dict) and each.get("url") for each in urls):
        raise ValueError("Field input.urls is required")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise ValueError("Field input.count must be an integer")
    ads: list[CompetitorAd] = []
    for each in urls:
        asked = {name: values[-1] for name, values in parse_qs(urlsplit(each["url"]).query).items()}
        ads += [ad for ad in ad_library.of_address(asked, today) if ad not in ads]
    return ads[:count]


def _json(body: bytes, encoding: str | None) -> dict[str, Any]:
    given = json.loads(gzip.decompress(body) if encoding == "gzip" else body or b"{}")
    if not isinstance(given, dict):
        raise ValueError("Input must be an object")
    return given


def _error(status: int, message: str | None = None, kind: str | None = None) -> Response:
    usual = _TYPES.get(status, ("internal-server-error", "Internal server error"))
    return JSONResponse({"error": {"type": kind or usual[0], "message": message or usual[1]}}, status)


def _when(moment: datetime) -> str:
    return re.sub(r"\+00:00$", "Z", moment.isoformat(timespec="milliseconds"))
