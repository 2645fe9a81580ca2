"""What ViralTracker reads from the Graph API: an account, its insights, ads, ad sets, campaigns and media
links.

Rows are handed on as Meta sent them; `insights`, `creative_fields` and `structure` turn them into columns.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

import httpx

from viraltracker import clock
from viraltracker.fetch.address_policy import AddressPolicy
from viraltracker.meta import fields
from viraltracker.meta.download import Downloaded, MediaDownloader
from viraltracker.meta.faults import FaultKind, GraphFault, GraphRefused, TooMuchData
from viraltracker.meta.usage import Usage
from viraltracker.meta.wire import BATCH_SIZE, TIMEOUT, GraphWire, go_on, random_share

Row = dict[str, object]
log = logging.getLogger(__name__)

AD_PAGE = 100
STRUCTURE_PAGE = 200
ARCHIVE_PAGE = 100


@dataclass(frozen=True)
class AdsById:
    """Ads fetched by id, and the fault of each id that Meta did not give."""

    ads: list[Row] = field(default_factory=list)
    unreachable: dict[str, GraphFault] = field(default_factory=dict)


@dataclass(frozen=True)
class VideoSource:
    """A video's fresh link and its length in seconds; without a link, `fault` says why, or is None when Meta shows
    the video alone."""

    url: str | None
    fault: GraphFault | None = None
    length_s: float | None = None


class GraphClient:
    """The Graph API for one access token.

    `http` carries Graph calls; downloads use a client of their own behind `policy`. `guard` is called before
    every outside call and during sleeps, and ends the call by raising. `usage` is what the last answer's
    headers said. All methods raise the classes of `faults`: GraphNeedsReauth, GraphRateLimited,
    GraphUnavailable (after six tries) and GraphRefused. One instance serves one thread.
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
        policy: AddressPolicy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = clock.monotonic,
        jitter: Callable[[], float] = random_share,
        guard: Callable[[], None] = go_on,
        on_usage: Callable[[Usage], None] | None = None,
    ) -> None:
        self._wire = GraphWire(
            base_url,
            version,
            token,
            http=http,
            app_secret=app_secret,
            timeout=timeout,
            sleep=sleep,
            jitter=jitter,
            guard=guard,
            on_usage=on_usage,
        )
        self._guard = guard
        self._monotonic = monotonic
        self._policy = policy or AddressPolicy()
        self._media: MediaDownloader | None = None
        self._span_days: dict[str, int] = {}
        self.dropped_fields: dict[str, GraphFault] = {}

    def __enter__(self) -> GraphClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the download connections; the injected `http` stays open."""
        if self._media is not None:
            self._media.close()

    @property
    def usage(self) -> Usage:
        """What the last answer's usage headers said."""
        return self._wire.usage

    def account(self, account_id: str) -> Row:
        """Name, currency, IANA zone (`timezone_name`) and status of an ad account."""
        return self._wire.get(self._wire.url(f"{_account(account_id)}/", {"fields": ",".join(fields.ACCOUNT_FIELDS)}))

    def insights(
        self, account_id: str, since: date, until: date, *, level: str = "ad", limit: int = 500
    ) -> Iterator[list[Row]]:
        """Daily rows of both days and all between, newest days first, in pages.

        Each stretch of days is yielded only when it came whole, so a stretch that is split is never given
        twice and stays in memory until then: ask for a few weeks at a time. Too much data halves the days,
        then the page; the size that worked is kept for the account.
        """
        stretches = [(since, until)]
        while stretches:
            first, last = stretches.pop()
            days = (last - first).days + 1
            if days < 1:
                continue
            span = self._span_days.get(account_id, days)
            if days > span:
                stretches += [(first, last - timedelta(days=span)), (last - timedelta(days=span - 1), last)]
                continue
            params = {
                **_time(first, last),
                "level": level,
                "limit": str(limit),
                # Insights leave out archived and deleted ads, whose spend the account's total holds.
                "filtering": json.dumps(
                    [{"field": "ad.effective_status", "operator": "IN", "value": fields.AD_STATUSES}]
                ),
            }
            try:
                pages = list(
                    self._wire.pages(
                        f"{_account(account_id)}/insights",
                        params,
                        fetch=self._insight_page,
                        shrink=days == 1,
                    )
                )
            except TooMuchData:
                if days == 1:
                    raise
                self._span_days[account_id] = (days + 1) // 2
                stretches.append((first, last))
                continue
            yield from pages

    def insight_total(self, account_id: str, since: date, until: date) -> list[Row]:
        """The account's own daily rows, to hold the sum over ads against."""
        params = {
            **_time(since, until),
            "level": "account",
            "limit": "500",
            "fields": ",".join(fields.INSIGHT_TOTAL_FIELDS),
        }
        pages = self._wire.pages(f"{_account(account_id)}/insights", params)
        return [row for page in pages for row in page]

    def ads(self, account_id: str) -> Iterator[list[Row]]:
        """Every ad of the account in every delivery status, with its creative.

        When one creative makes Meta refuse a page, that page's ads are fetched one by one (see `ads_by_id`);
        an ad that even then cannot be read is given without its creative's fields.
        """
        params = {"effective_status": json.dumps(fields.AD_STATUSES), "limit": str(AD_PAGE)}
        return self._wire.pages(f"{_account(account_id)}/ads", params, fetch=self._ad_page)

    def ads_by_id(self, ids: Iterable[str]) -> AdsById:
        """Ads with their creatives by id, 50 to a request.

        An ad with a bad creative is asked once more without `object_story_spec`. One ad that is not there or
        may not be read never hides another.
        """
        answers = self._nodes(ids, _ad_fields())
        bad = [key for key, answer in answers.items() if _is(answer, FaultKind.BAD_CREATIVE)]
        answers.update(self._nodes(bad, _ad_fields(without="object_story_spec")))
        return AdsById(
            [answer for answer in answers.values() if not isinstance(answer, GraphFault)],
            {key: answer for key, answer in answers.items() if isinstance(answer, GraphFault)},
        )

    def campaigns(self, account_id: str) -> Iterator[list[Row]]:
        """Every campaign of the account in every status."""
        return self._structure(account_id, "campaigns", fields.CAMPAIGN_FIELDS, fields.CAMPAIGN_STATUSES)

    def ad_sets(self, account_id: str) -> Iterator[list[Row]]:
        """Every ad set of the account in every status, with `learning_stage_info`."""
        return self._structure(account_id, "adsets", fields.AD_SET_FIELDS, fields.AD_SET_STATUSES)

    def image_urls(self, account_id: str, hashes: Iterable[str]) -> dict[str, str]:
        """Fresh links by image hash; an unknown hash is left out. Links expire within hours."""
        links: dict[str, str] = {}
        wanted = iter(dict.fromkeys(hashes))
        while chunk := list(islice(wanted, BATCH_SIZE)):
            params = {
                "hashes": json.dumps(chunk),
                "fields": ",".join(fields.IMAGE_FIELDS),
                "limit": str(BATCH_SIZE),
            }
            for page in self._wire.pages(f"{_account(account_id)}/adimages", params):
                links.update({str(row["hash"]): str(row["url"]) for row in page if row.get("hash") and row.get("url")})
        return links

    def video_sources(self, ids: Iterable[str]) -> dict[str, str | None]:
        """Fresh links by video id; None where there is no link, for whatever reason (see `videos`)."""
        return {key: video.url for key, video in self.videos(ids).items()}

    def videos(self, ids: Iterable[str]) -> dict[str, VideoSource]:
        """Fresh links by video id, with the reason where there is none."""
        found: dict[str, VideoSource] = {}
        for key, answer in self._nodes(ids, ",".join(fields.VIDEO_FIELDS)).items():
            if isinstance(answer, GraphFault):
                found[key] = VideoSource(None, answer)
            else:
                source = answer.get("source")
                length = answer.get("length")
                found[key] = VideoSource(
                    source if isinstance(source, str) and source else None,
                    length_s=float(length) if isinstance(length, int | float) and 0 < length < 86_400 else None,
                )
        return found

    def download(self, url: str, *, max_bytes: int, dest: Path) -> Downloaded:
        """Stream a media link to `dest`; see `download.MediaDownloader.download`. The token is never sent."""
        if self._media is None:
            self._media = MediaDownloader(self._policy, guard=self._guard, monotonic=self._monotonic)
        return self._media.download(url, max_bytes=max_bytes, dest=dest)

    def ads_archive(
        self, *, words: str | None, page_id: str | None, country: str, active_only: bool
    ) -> Iterator[list[Row]]:
        """Ads of the public Ad Library by words or by page, in pages; rows with `fields.ARCHIVE_FIELDS`.

        `country` is ISO 3166-1 alpha-2, or ALL. Raises GraphRefused for a token whose owner has not been confirmed.
        """
        params = {
            "fields": ",".join(fields.ARCHIVE_FIELDS),
            "ad_reached_countries": json.dumps([country]),
            "ad_active_status": "ACTIVE" if active_only else "ALL",
            "ad_type": "ALL",
            "limit": str(ARCHIVE_PAGE),
            **({"search_page_ids": json.dumps([page_id])} if page_id else {"search_terms": words or ""}),
        }
        return self._wire.pages("ads_archive", params)

    def _structure(
        self, account_id: str, edge: str, names: Iterable[str], statuses: Iterable[str]
    ) -> Iterator[list[Row]]:
        params = {
            "fields": ",".join(names),
            "effective_status": json.dumps(list(statuses)),
            "limit": str(STRUCTURE_PAGE),
        }
        return self._wire.pages(f"{_account(account_id)}/{edge}", params)

    def _nodes(self, ids: Iterable[str], names: str) -> dict[str, Row | GraphFault]:
        return self._wire.batch(
            {key: f"{quote(key, safe='')}/?fields={quote(names, safe='')}" for key in dict.fromkeys(ids)}
        )

    def _insight_page(self, url: httpx.URL) -> Row:
        """One page; a field that Meta no longer accepts is left out from here on (`dropped_fields`)."""
        while True:
            names = [name for name in fields.INSIGHT_FIELDS if name not in self.dropped_fields]
            try:
                return self._wire.get_page(url.copy_set_param("fields", ",".join(names)))
            except GraphRefused as error:
                dropped = _named_field(error.fault, names)
                if dropped is None:
                    raise
                self.dropped_fields[dropped] = error.fault
                log.warning("Meta no longer accepts the field %s; the sync goes on without it.", dropped)

    def _ad_page(self, url: httpx.URL) -> Row:
        try:
            return self._wire.get_page(url.copy_set_param("fields", _ad_fields()))
        except GraphRefused as error:
            if error.fault.kind is not FaultKind.BAD_CREATIVE:
                raise
        plain = ",".join((*fields.AD_FIELDS, "creative{id}"))
        page = self._wire.get_page(url.copy_set_param("fields", plain))
        listed = page.get("data")
        by_id = {str(row["id"]): row for row in (listed if isinstance(listed, list) else []) if "id" in row}
        full = {str(ad["id"]): ad for ad in self.ads_by_id(by_id).ads}
        return {**page, "data": [full.get(key, row) for key, row in by_id.items()]}


def _account(account_id: str) -> str:
    return "act_" + quote(account_id.removeprefix("act_"), safe="")


def _time(since: date, until: date) -> dict[str, str]:
    return {
        "time_range": json.dumps({"since": since.isoformat(), "until": until.isoformat()}),
        "time_increment": "1",
        # Each ad set's own attribution window, as Ads Manager shows it.
        "use_unified_attribution_setting": "true",
    }


def _ad_fields(*, without: str = "") -> str:
    creative = ",".join(name for name in fields.CREATIVE_FIELDS if name != without)
    return ",".join((*fields.AD_FIELDS, f"creative{{{creative}}}"))


def _is(answer: Mapping[str, object] | GraphFault, kind: FaultKind) -> bool:
    return isinstance(answer, GraphFault) and answer.kind is kind


def _named_field(fault: GraphFault, names: Iterable[str]) -> str | None:
    # «… is not valid for fields param», «Tried accessing nonexisting field (…)»
    if fault.kind is not FaultKind.INVALID or "field" not in fault.detail:
        return None
    words = set(re.findall(r"[a-z0-9_]+", fault.detail))
    return next((name for name in names if name in words and name in fields.OPTIONAL_INSIGHT_FIELDS), None)
