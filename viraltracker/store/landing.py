"""Landing pages: which ad leads to which, what is due to be read, what was read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from viraltracker.store.client import Database

News = Literal["new", "changed", "unchanged"]
"""What a page's content is beside what was stored of it."""


@dataclass(frozen=True)
class DuePage:
    """A page to fetch: the spend of the last 30 days behind it, and how many attempts in a row gave nothing."""

    canonical_url: str
    spend: float
    tries: int
    content_hash: str | None


def ad_links(db: Database, brand_id: str) -> dict[str, str]:
    """The link of each of the brand's ads that has one, as Meta gives it, by ad id."""
    return {row["ad_id"]: row["link_url"] for row in db.call("landing_ads", p_brand=brand_id)}


def link(db: Database, brand_id: str, canonical_urls: Mapping[str, str]) -> int:
    """Says which page each ad leads to, by ad id; all others of the brand lead nowhere. Counts changed links."""
    links = [{"ad_id": ad_id, "canonical_url": url} for ad_id, url in canonical_urls.items()]
    return int(db.call("link_landing_pages", p_brand=brand_id, p_links=links))


def due(db: Database, brand_id: str, *, now: datetime, limit: int) -> tuple[list[DuePage], int]:
    """At most `limit` pages whose time has come, highest spend first, and how many are due in all."""
    answer = db.call("landing_pages_due", p_brand=brand_id, p_now=now, p_limit=limit)
    pages = [
        DuePage(item["canonical_url"], float(item["spend"]), item["tries"], item["content_hash"])
        for item in answer["items"]
    ]
    return pages, int(answer["total"])


def save(db: Database, brand_id: str, page: Mapping[str, Any]) -> News | None:
    """Stores one attempt (columns of `landing_pages`) together with its version; None where it gave no content."""
    return cast("News | None", db.call("save_landing_page", p_brand=brand_id, p_page=page))


def texts(db: Database, brand_id: str, hashes: Sequence[str]) -> dict[str, dict[str, str]]:
    """`{title, heading, description, text, above_fold}` by content hash; what is not stored is missing."""
    answer: dict[str, dict[str, str]] = db.call("landing_texts", p_brand=brand_id, p_hashes=list(hashes))
    return answer
