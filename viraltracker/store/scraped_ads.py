"""Scrapes of other brands' ads: what they saw, and the pictures that are due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from viraltracker.store.client import Database

Source = Literal["upload", "meta_ad_library", "apify"]
SAVED_AT_ONCE = 500


@dataclass(frozen=True)
class Saved:
    """How many ads of a scrape are new, and how many were seen before."""

    new: int
    seen_again: int


@dataclass(frozen=True)
class DueMedium:
    """A picture or video to fetch; `tries` were made before."""

    ad_archive_id: str
    position: int
    kind: Literal["image", "video"]
    source_url: str
    tries: int


def begin(
    db: Database, brand_id: str, scrape_id: str, source: Source, search_url: str | None, *, now: datetime
) -> dict[str, Any]:
    """The scrape of a run, begun or gone on with: a row of `template_scrapes`, with the paid run's id if any."""
    found: dict[str, Any] = db.call(
        "begin_template_scrape",
        p_brand=brand_id,
        p_scrape=scrape_id,
        p_source=source,
        p_search=search_url,
        p_now=now,
    )
    return found


def note_external(db: Database, scrape_id: str, external_run_id: str) -> bool:
    """Stores the paid run's id; False when the scrape has another one, which is the one to go on with."""
    return bool(db.call("note_external_scrape", p_scrape=scrape_id, p_external=external_run_id))


def ask_external(db: Database, scrape_id: str, actor: str, *, now: datetime) -> dict[str, Any] | None:
    """Stores that a paid run is about to be asked for; the scrape's row, None where it has a run already."""
    found: dict[str, Any] | None = db.call("ask_external_scrape", p_scrape=scrape_id, p_actor=actor, p_now=now)
    return found


def unask_external(db: Database, scrape_id: str, asked_at: datetime) -> None:
    """The start that was about to be asked for at this time was refused, so there is no run of it to look for."""
    db.call("unask_external_scrape", p_scrape=scrape_id, p_asked=asked_at)


def end_external(db: Database, scrape_id: str) -> None:
    """Nothing more can be taken from the scrape's paid run, so another try pays for a new one."""
    db.call("end_external_scrape", p_scrape=scrape_id)


def known_external(db: Database, external_run_ids: Sequence[str]) -> frozenset[str]:
    """Those of these paid runs that some scrape has."""
    return frozenset(db.call("known_external_scrapes", p_runs=list(external_run_ids)))


def forsaken_external(db: Database, *, limit: int = 20) -> list[tuple[str, str]]:
    """Scrapes that were stopped while they waited, with the paid runs that nobody waits for any more."""
    found = db.call("forsaken_external_scrapes", p_limit=limit)
    return [(item["id"], item["external_run_id"]) for item in found]


def save(db: Database, scrape_id: str, ads: Sequence[Mapping[str, Any]]) -> Saved:
    """Stores ads with their media (see `templates.scraped_ad`); one that is known moves its longevity."""
    new = again = 0
    for start in range(0, len(ads), SAVED_AT_ONCE):
        said = db.call("save_scraped_ads", p_scrape=scrape_id, p_ads=ads[start : start + SAVED_AT_ONCE])
        new, again = new + said["new"], again + said["seen_again"]
    return Saved(new, again)


def media_due(db: Database, brand_id: str, *, images_only: bool, limit: int) -> tuple[list[DueMedium], int]:
    """At most `limit` media of the organisation's ads that can be fetched, and how many there are in all."""
    answer = db.call("template_media_due", p_brand=brand_id, p_images_only=images_only, p_limit=limit)
    items = [
        DueMedium(item["ad_archive_id"], item["position"], item["kind"], item["source_url"], item["tries"])
        for item in answer["items"]
    ]
    return items, int(answer["total"])


def save_media(db: Database, brand_id: str, outcomes: Sequence[Mapping[str, Any]], *, queue: bool) -> int:
    """Stores outcomes (columns of `scraped_ad_media`); counts pictures that are new in the queue."""
    return int(db.call("save_template_media", p_brand=brand_id, p_media=list(outcomes), p_queue=queue)["queued"])


def finish(
    db: Database,
    scrape_id: str,
    status: Literal["completed", "failed"],
    *,
    counts: Mapping[str, Any],
    complete: bool = False,
    reason: str | None = None,
    now: datetime,
) -> int:
    """Ends the scrape; counts the ads that have ended, since a complete scrape of their search did not see them."""
    return int(
        db.call(
            "finish_template_scrape",
            p_scrape=scrape_id,
            p_status=status,
            p_counts=counts,
            p_complete=complete,
            p_reason=reason,
            p_now=now,
        )
    )
