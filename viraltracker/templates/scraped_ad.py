"""An ad of another brand as a source gives it, before it is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Literal
from urllib.parse import urlsplit

MOST_MEDIA: Final = 10
"""Pictures and videos of one ad: a carousel has at most ten cards."""
LIBRARY_AD: Final = "https://www.facebook.com/ads/library/?id="
_LIBRARY_ID: Final = re.compile(r"[0-9]{5,30}")
_ID: Final = re.compile(r"[A-Za-z0-9_:-]{1,80}")

Kind = Literal["image", "video"]


@dataclass(frozen=True)
class Medium:
    """A picture or video by its address, or by its name in the file that the ad came with."""

    kind: Kind
    source_url: str | None = None
    file_name: str | None = None

    def record(self) -> dict[str, object]:
        """An item of `media` for the store."""
        return {"kind": self.kind, "source_url": self.source_url, "file_name": self.file_name}


@dataclass(frozen=True)
class ScrapedAd:
    """Columns of `scraped_ads`; None is not known. `variants` are the versions that the library counts as one ad."""

    ad_archive_id: str
    page_id: str | None = None
    page_name: str | None = None
    body: str | None = None
    title: str | None = None
    cta: str | None = None
    link_url: str | None = None
    display_format: str | None = None
    platforms: tuple[str, ...] = ()
    started_on: date | None = None
    ended_on: date | None = None
    variants: int = 1
    is_active: bool = True
    media: tuple[Medium, ...] = ()

    @property
    def snapshot_url(self) -> str | None:
        """Where a person sees the ad. Never the link that an API gives, which holds the token that asked for it."""
        return f"{LIBRARY_AD}{self.ad_archive_id}" if _LIBRARY_ID.fullmatch(self.ad_archive_id) else None

    def record(self) -> dict[str, object]:
        """JSON for `store.scraped_ads.save`."""
        return {
            "ad_archive_id": self.ad_archive_id,
            "page_id": self.page_id,
            "page_name": self.page_name,
            "body": self.body,
            "title": self.title,
            "cta": self.cta,
            "link_url": self.link_url,
            "display_format": self.display_format,
            "snapshot_url": self.snapshot_url,
            "platforms": list(self.platforms),
            "started_on": self.started_on,
            "ended_on": self.ended_on,
            "variants": self.variants,
            "is_active": self.is_active,
            "media": [medium.record() for medium in self.media[:MOST_MEDIA]],
        }


@dataclass(frozen=True)
class BadRow:
    """A row that was left out: its number in the file, from 1, and why."""

    row: int
    reason: str


def is_id(text: str) -> bool:
    """Whether a text can be the id of an ad."""
    return _ID.fullmatch(text) is not None


def web_address(text: object) -> str | None:
    """An http address of bounded length; None for anything else, which nobody is to be led to."""
    if not isinstance(text, str) or len(text) > 2_000 or not text.strip().isprintable():
        return None
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return None
    return text.strip() if parts.scheme in {"http", "https"} and parts.hostname else None


def merged(ads: Iterable[ScrapedAd]) -> list[ScrapedAd]:
    """One ad for each id, in the order of their first rows: rows of one ad are its versions, or its cards.

    Its start is the earliest and its end the latest, it runs while one of them does, and their media are one after
    another without repetition.
    """
    found: dict[str, ScrapedAd] = {}
    for ad in ads:
        before = found.get(ad.ad_archive_id)
        found[ad.ad_archive_id] = ad if before is None else _both(before, ad)
    return list(found.values())


def _both(one: ScrapedAd, other: ScrapedAd) -> ScrapedAd:
    active = one.is_active or other.is_active
    return replace(
        one,
        page_id=one.page_id or other.page_id,
        page_name=one.page_name or other.page_name,
        body=one.body or other.body,
        title=one.title or other.title,
        cta=one.cta or other.cta,
        link_url=one.link_url or other.link_url,
        display_format=one.display_format or other.display_format,
        platforms=tuple(dict.fromkeys((*one.platforms, *other.platforms))),
        started_on=min(filter(None, (one.started_on, other.started_on)), default=None),
        ended_on=None if active else max(filter(None, (one.ended_on, other.ended_on)), default=None),
        is_active=active,
        variants=max(one.variants, other.variants),
        media=tuple(dict.fromkeys((*one.media, *other.media)))[:MOST_MEDIA],
    )
