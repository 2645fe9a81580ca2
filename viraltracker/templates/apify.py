"""Runs of an Apify actor that searches the Ad Library: started, found again, looked at, read, and aborted.

Such a run is paid for. So its start is sent once, and never again by the SDK itself, which would send it after every
answer that did not come. Each start says in its User-Agent which scrape it is for, and Apify tells that with the run:
one whose answer got lost is found again by it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, Final, NoReturn, Protocol, TypeVar

import impit
from apify_client import ApifyClient
from apify_client.errors import ApifyApiError, InvalidResponseBodyError
from pydantic import ValidationError

from viraltracker.errors import ConfigurationError, NotFound, RateLimited, Refused, Unavailable, ViralTrackerError

Json = dict[str, Any]
T = TypeVar("T")

SERVICE: Final = "https://api.apify.com"
RUN_AT_MOST: Final = timedelta(hours=1)
"""Then Apify itself ends the run, and keeps what it has found. A search of 500 ads takes minutes."""
ITEMS_A_PAGE: Final = 100
MOST_ITEMS: Final = 5_000
"""Rows of one run that are read. An ad may have several: its versions, or its cards."""
MOST_UNTOLD: Final = 20
"""Runs whose input is read one by one to see whose they are, where Apify does not tell who started them."""
WHEN_FULL: Final = timedelta(minutes=2)
"""Until a start is tried again that the account has no room for now."""
_OVER: Final = frozenset({"SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED"})
_FULL: Final = frozenset({"actor-memory-limit-exceeded", "concurrent-runs-limit-exceeded"})
_MARK: Final = "viraltracker-scrape"
_SAID_CHARS: Final = 200
_RETRIES: Final = 2
"""Of what may be asked again: everything but a start."""
# What the SDK raises for an answer that is none: cut, not JSON, or of another shape.
_NO_ANSWER: Final = (impit.HTTPError, InvalidResponseBodyError, ValidationError, KeyError, ValueError)


class StartUnknown(Unavailable):
    """Apify did not answer a start in a way that says whether the run began."""


@dataclass(frozen=True)
class ActorRun:
    """A run. `cost_usd` is what Apify says of it so far; None where it says nothing."""

    id: str
    status: str
    dataset_id: str
    cost_usd: Decimal | None

    @property
    def is_over(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in _OVER

    @property
    def succeeded(self) -> bool:
        """Whether it came to its own end; what it found before another end is there as well."""
        return self.status == "SUCCEEDED"


class _Told(Protocol):
    """What the SDK's models of a run have in common."""

    id: str
    status: str
    default_dataset_id: str
    usage_total_usd: float | None


class ApifyActor:
    """One actor, for the length of a with block. `guard` raises when its user is to stop.

    Every method raises Unavailable when Apify does not answer, RateLimited when it asks to wait, ConfigurationError for
    a token or an actor that it does not know, and Refused for what it will not do. None of these holds the token.
    """

    def __init__(
        self,
        token: str,
        actor: str,
        *,
        guard: Callable[[], None],
        base_url: str | None = None,
        timeout: timedelta = timedelta(seconds=30),
    ) -> None:
        self.name = actor
        self._token = token
        self._guard = guard
        self._base_url = base_url or SERVICE
        self._timeout = timeout
        self._client = self._new(_RETRIES)

    def __enter__(self) -> ApifyActor:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.http_client.close()

    @property
    def settled_after(self) -> timedelta:
        """So long after a start was sent, Apify lists its run, or there is none."""
        return 2 * self._timeout

    def start(self, url: str, most: int, mark: str) -> ActorRun:
        """Starts a search at an address of the Ad Library for at most `most` ads; `mark` is a word of its own.

        Raises StartUnknown when it may have begun all the same.
        """
        self._guard()
        client = self._new(0, suffix=f"{_MARK}/{mark}")
        try:
            run = client.actor(self.name).start(
                run_input=given(url, most), max_items=most, run_timeout=RUN_AT_MOST, timeout=self._timeout
            )
        except ApifyApiError as error:
            if error.status_code >= 500 or error.status_code == 408:
                raise StartUnknown from None
            if error.status_code == 404:
                raise ConfigurationError(
                    f"There is no actor {self.name} at Apify: set APIFY_ACTOR for the worker to one that the account "
                    "may run, and start that again."
                ) from None
            self._refused(error)
        except _NO_ANSWER:
            raise StartUnknown from None
        finally:
            client.http_client.close()
        return _run(run)

    def find(
        self,
        mark: str,
        url: str,
        most: int,
        *,
        since: datetime,
        known: Callable[[list[str]], frozenset[str]],
        actor: str | None = None,
    ) -> ActorRun | None:
        """The run that was started with `mark` after `since`, if there is one; of another actor where that was asked.

        Where Apify does not tell who started a run, ours is the one with the same input that is no other scrape's:
        `known` gives those of some runs that are. Raises Refused when there are too many to look at.
        """
        untold: list[tuple[ActorRun, str]] = []
        for listed in self._since(actor or self.name, since):
            agent = listed.meta.user_agent
            if agent is None:
                if listed.meta.origin == "API":
                    untold.append((_run(listed), listed.default_key_value_store_id))
            elif f"{_MARK}/{mark}" in agent:
                return _run(listed)
        others = known([run.id for run, _ in untold]) if untold else frozenset()
        maybe = [(run, store) for run, store in untold if run.id not in others]
        if len(maybe) > MOST_UNTOLD:
            raise Refused(
                f"It cannot be known which of {len(maybe)} runs of {self.name} at Apify is this search's, so none is "
                "started. Look there; to search anew, and pay anew, run this job once more."
            )
        wanted = given(url, most)
        return next((run for run, store in maybe if self._input(store) == wanted), None)

    def look(self, run_id: str) -> ActorRun | None:
        """The run as it is now; None when Apify does not know it (any more)."""
        run = self._asked(lambda: self._client.run(run_id).get(timeout=self._timeout))
        return None if run is None else _run(run)

    def abort(self, run_id: str) -> ActorRun:
        """Ends a run; what it has found stays, and one that is over stays as it is. Without a look at the guard, since
        whoever stops wants this done. Raises NotFound when Apify does not know the run.
        """
        return _run(self._answered(lambda: self._client.run(run_id).abort(timeout=self._timeout)))

    def items(self, run: ActorRun, *, a_page: int = ITEMS_A_PAGE) -> Iterator[list[Any]]:
        """Pages of rows that the run has found, in its order, up to `MOST_ITEMS`."""
        dataset, offset = self._client.dataset(run.dataset_id), 0
        while offset < MOST_ITEMS:
            page = self._asked(partial(dataset.list_items, offset=offset, limit=a_page, timeout=self._timeout))
            if page.items:
                yield page.items
            offset += page.count
            if page.count == 0 or offset >= page.total:
                return

    def _since(self, actor: str, since: datetime) -> Iterator[Any]:
        runs, offset = self._client.actor(actor).runs(), 0
        while True:
            page = self._asked(
                partial(runs.list, started_after=since, desc=True, limit=1_000, offset=offset, timeout=self._timeout)
            )
            yield from page.items
            offset += len(page.items)
            if not page.items or offset >= page.total:
                return

    def _input(self, store_id: str) -> object:
        store = self._client.key_value_store(store_id)
        record = self._asked(lambda: store.get_record("INPUT", timeout=self._timeout))
        return None if record is None else record["value"]

    def _asked(self, ask: Callable[[], T]) -> T:
        """The answer to what may be asked any number of times."""
        self._guard()
        return self._answered(ask)

    def _answered(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except ApifyApiError as error:
            self._refused(error)
        except _NO_ANSWER:
            raise Unavailable("Apify did not answer; the scrape goes on where it was.") from None

    def _refused(self, error: ApifyApiError) -> NoReturn:
        raise failure(error, self.name, self._token) from None

    def _new(self, retries: int, suffix: str | None = None) -> ApifyClient:
        return ApifyClient(
            self._token,
            api_url=self._base_url,
            max_retries=retries,
            min_delay_between_retries=timedelta(milliseconds=200),
            timeout_max=4 * self._timeout,
            user_agent_suffix=suffix,
        )


def given(url: str, most: int) -> Json:
    """The actor's input; an empty period is all time."""
    return {"urls": [{"url": url}], "count": most, "period": ""}


def failure(error: ApifyApiError, actor: str, token: str) -> ViralTrackerError:
    """An error answer of Apify as ours. Its own words are shown where they help, without the token."""
    # Without a type it is no answer of the service's own, and its words are somebody else's page.
    words = " ".join((error.message or "").replace(token, "…").split()) if error.type else ""
    said = words[:_SAID_CHARS].rstrip(".") or "it gave no reason"
    status = error.status_code
    if error.type in _FULL:
        return RateLimited(
            "The Apify account has no room for another run at the moment; tried again in two minutes.",
            retry_after=WHEN_FULL,
        )
    if status == 401:
        return ConfigurationError(
            "Apify does not accept APIFY_TOKEN: copy the token again from Apify's console (Settings, API & "
            "Integrations), set it for the worker, and start that again."
        )
    if status == 402:
        return Refused(
            f"Apify says that the account has not enough credit ({said}): add some or raise its limit there, then "
            "retry. Nothing was started."
        )
    if status == 404:
        return NotFound(f"Apify no longer has this of {actor}: {said}. Run the job anew, which pays for a new search.")
    if status == 429:
        return RateLimited("Apify asks for fewer requests; tried again in a minute.")
    if status >= 500 or status == 408:
        return Unavailable("Apify did not answer; the scrape goes on where it was.")
    return Refused(f"Apify refused it: {said}. Look at {actor} in Apify's console.")


def _run(told: _Told) -> ActorRun:
    usd = told.usage_total_usd
    return ActorRun(told.id, told.status, told.default_dataset_id, None if usd is None else Decimal(str(usd)))
