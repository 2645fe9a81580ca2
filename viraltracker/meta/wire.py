"""One HTTP conversation with the Graph API: the token, tries, usage headers, pages and batches.

Knows nothing of ads or insights; `client` builds on it. Source of the rules: Meta's documentation of paging,
batch requests and secure requests (`appsecret_proof` = HMAC-SHA256 of the token, keyed with the app's
secret).
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from random import SystemRandom

import httpx

from viraltracker.errors import BadInput
from viraltracker.meta import faults
from viraltracker.meta.faults import FaultKind, GraphFault, GraphRefused, GraphUnavailable, TooMuchData
from viraltracker.meta.usage import SLOW_FROM_PERCENT, Usage, parse_usage

TIMEOUT = httpx.Timeout(60.0, connect=5.0)
TRIES = 6
FIRST_BACKOFF_SECONDS = 1.0
SLEEP_SLICE_SECONDS = 1.0
BATCH_SIZE = 50
NULL_RETRIES = 3
SMALLEST_PAGE = 10

Json = dict[str, object]
log = logging.getLogger(__name__)


def go_on() -> None:
    """The guard of a caller that can never be asked to stop."""


def random_share() -> float:
    """A random number from 0 up to 1, so that clients that failed together do not come back together."""
    return SystemRandom().random()


class GraphWire:
    """Sends requests to one Graph API with one token.

    `http` is used for the Graph API alone and may be shared. `guard` is called before every outside call and
    between slices of every sleep; what it raises ends the call. `on_usage` gets every answer's usage headers.
    Raises the classes of `faults` and nothing of httpx; no message or log line holds the token.
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        token: str,
        *,
        http: httpx.Client,
        app_secret: str | None = None,
        timeout: httpx.Timeout = TIMEOUT,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random_share,
        guard: Callable[[], None] = go_on,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> None:
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise BadInput("This is not an access token; copy it again without spaces or line breaks.")
        self._root = httpx.URL(base_url.rstrip("/") + "/")
        self._version = version.strip("/")
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self._proof = hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest() if app_secret else None
        self._secrets = tuple(secret for secret in (token, app_secret, self._proof) if secret)
        self._timeout = timeout
        self._sleep = sleep
        self._jitter = jitter
        self._guard = guard
        self._on_usage = on_usage
        self._rate_hits = 0
        self._page_sizes: dict[str, int] = {}
        self.usage = Usage()

    def url(self, path: str, params: Mapping[str, str] | None = None) -> httpx.URL:
        """The address of a node or edge, without the token."""
        return self._root.join(f"{self._version}/{path.lstrip('/')}").copy_merge_params(dict(params or {}))

    def get(self, url: httpx.URL) -> Json:
        """One object."""
        body = self._send("GET", url, fits=lambda body: isinstance(body, dict))
        return body if isinstance(body, dict) else {}

    def get_page(self, url: httpx.URL) -> Json:
        """One page of an edge: `data` is a list."""
        body = self._send("GET", url, fits=_is_page)
        return body if isinstance(body, dict) else {}

    def pages(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        fetch: Callable[[httpx.URL], Json] | None = None,
        shrink: bool = True,
    ) -> Iterator[list[Json]]:
        """The rows of an edge, page by page, as long as there is a `next`, empty pages or not.

        With `shrink`, a page that is too much data is asked again at half the size, down to 10 rows, and the
        size that worked is kept for this edge; without it `TooMuchData` is raised at once. A repeated cursor
        raises `GraphUnavailable`; a `next` on another host raises `GraphRefused`.
        """
        fetch = fetch or self.get_page
        asked = int(params["limit"])
        url = self.url(path, params)
        seen = {self._cursor(url)}
        while True:
            size = min(self._page_sizes.get(path, asked), asked)
            try:
                page = fetch(url.copy_set_param("limit", str(size)))
            except TooMuchData:
                if not shrink or size // 2 < SMALLEST_PAGE:
                    raise
                self._page_sizes[path] = size // 2
                log.info("Too much data from %s; pages of %d rows from here on", path, size // 2)
                continue
            rows = [row for row in _sequence(page.get("data")) if isinstance(row, dict)]
            if rows:
                yield rows
            paging = page.get("paging")
            following = paging.get("next") if isinstance(paging, dict) else None
            if not following:
                return
            url = self._own_url(str(following))
            cursor = self._cursor(url)
            if cursor in seen:
                raise GraphUnavailable(
                    faults.local_fault(
                        FaultKind.TRANSIENT,
                        "Meta gave the same page twice; this part is put off to a later run.",
                    )
                )
            seen.add(cursor)

    def batch(self, calls: Mapping[str, str]) -> dict[str, Json | GraphFault]:
        """Answers to relative GET addresses under the caller's own keys, at most 50 to a request.

        An entry that fails on its own gives its fault. Entries that are null or transient are asked again up
        to three times. A limit or a dead token in any entry is raised, since it holds for all of them.
        """
        answers: dict[str, Json | GraphFault] = {}
        keys = iter(calls)
        while chunk := list(itertools.islice(keys, BATCH_SIZE)):
            answers.update(self._batch(chunk, calls))
        return answers

    def _batch(self, chunk: Sequence[str], calls: Mapping[str, str]) -> dict[str, Json | GraphFault]:
        answers: dict[str, Json | GraphFault] = {}
        pending = list(chunk)
        for round_number in range(1 + NULL_RETRIES):
            if round_number:
                self._back_off(round_number)
            form = {
                "batch": json.dumps([{"method": "GET", "relative_url": calls[key]} for key in pending]),
                "include_headers": "false",
            }
            body = self._send(
                "POST",
                self.url(""),
                form=form,
                fits=partial(_is_list_of, len(pending)),
            )
            again = []
            for key, entry in zip(pending, _sequence(body), strict=True):
                answer = self._entry(entry)
                answers[key] = answer
                if isinstance(answer, GraphFault):
                    if answer.kind in {FaultKind.RATE_APP, FaultKind.RATE_ACCOUNT, FaultKind.REAUTH}:
                        raise self._error(answer)
                    if answer.kind is FaultKind.TRANSIENT:
                        again.append(key)
            pending = again
            if not pending:
                break
        return answers

    def _entry(self, entry: object) -> Json | GraphFault:
        if not isinstance(entry, dict):
            return faults.local_fault(FaultKind.TRANSIENT, "Meta left this call of a batch unanswered.")
        status = entry.get("code")
        status = status if isinstance(status, int) else 0
        body = _decoded(entry.get("body"))
        if status == 200 and isinstance(body, dict) and "error" not in body:
            return body
        return self._classify(status, body)

    def _send(
        self,
        method: str,
        url: httpx.URL,
        *,
        fits: Callable[[object], bool],
        form: Mapping[str, str] | None = None,
    ) -> object:
        """The decoded body; transient faults are tried six times. `fits`: a success has its shape."""
        data = dict(form or {})
        if self._proof:
            if form is None:
                url = url.copy_set_param("appsecret_proof", self._proof)
            else:
                data["appsecret_proof"] = self._proof
        for attempt in itertools.count(1):
            if self.usage.slow:
                # Between 1 s at 75 % and 6 s at 100 %, so that a limit is approached slowly rather than hit.
                self._pause(1 + min(self.usage.peak_percent - SLOW_FROM_PERCENT, 25) / 5)
            self._guard()
            answer = self._once(method, url, data if form is not None else None, fits)
            if not isinstance(answer, GraphFault):
                self._rate_hits = 0
                return answer
            if answer.kind is not FaultKind.TRANSIENT or attempt >= TRIES:
                raise self._error(answer)
            log.warning("%s Try %d of %d.", answer.message, attempt, TRIES)
            self._back_off(attempt)
        raise AssertionError("unreachable")

    def _once(self, method: str, url: httpx.URL, form: dict[str, str] | None, fits: Callable[[object], bool]) -> object:
        try:
            response = self._http.request(
                method, url, data=form, headers=self._headers, timeout=self._timeout, follow_redirects=False
            )
        except httpx.TimeoutException:
            return faults.local_fault(FaultKind.TRANSIENT, "Meta did not answer in time.")
        except httpx.RequestError:
            return faults.local_fault(FaultKind.TRANSIENT, "The connection to Meta broke.")
        self.usage = parse_usage(response.headers)
        if self._on_usage is not None:
            self._on_usage(self.usage)
        body = _decoded(response.content)
        failed = isinstance(body, dict) and "error" in body
        if response.is_success and not failed and fits(body):
            return body
        # A success of the wrong shape is a damaged answer, whatever it holds.
        return self._classify(response.status_code, body if failed or not response.is_success else None)

    def _classify(self, status: int, body: object) -> GraphFault:
        return faults.classify(status, body, regain_minutes=self.usage.regain_minutes, secrets=self._secrets)

    def _error(self, fault: GraphFault) -> faults.GraphError:
        if fault.kind in {FaultKind.RATE_APP, FaultKind.RATE_ACCOUNT}:
            self._rate_hits += 1
        return faults.to_error(fault, rate_hits=self._rate_hits)

    def _own_url(self, following: str) -> httpx.URL:
        """A `next` link without the token that Meta writes into it, if it leads to the same server."""
        try:
            url = httpx.URL(following)
        except httpx.InvalidURL:
            url = httpx.URL()
        if (url.scheme, url.host, _port(url)) != (self._root.scheme, self._root.host, _port(self._root)):
            raise GraphRefused(
                faults.local_fault(FaultKind.INVALID, "Meta's next page is on another server; it was not followed.")
            )
        return url.copy_remove_param("access_token").copy_remove_param("appsecret_proof")

    @staticmethod
    def _cursor(url: httpx.URL) -> str:
        return url.params.get("after") or str(url.copy_remove_param("limit"))

    def _back_off(self, attempt: int) -> None:
        self._pause(FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1) * (0.5 + self._jitter()))

    def _pause(self, seconds: float) -> None:
        left = seconds
        while left > 0:
            self._guard()
            part = min(left, SLEEP_SLICE_SECONDS)
            self._sleep(part)
            left -= part


def _decoded(content: object) -> object:
    if not isinstance(content, bytes | str):
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _is_page(body: object) -> bool:
    return isinstance(body, dict) and isinstance(body.get("data"), list)


def _is_list_of(size: int, body: object) -> bool:
    return isinstance(body, list) and len(body) == size


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()


def _port(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)
