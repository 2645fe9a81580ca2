"""Which ads of the library a search asks for: by the parameters of Meta's edge, or by the address of its page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from datetime import date

from viraltracker.sandbox import filtering, graph_errors
from viraltracker.sandbox.demo import competitors
from viraltracker.sandbox.demo.competitors import CompetitorAd


def found(params: Mapping[str, str], today: date) -> list[CompetitorAd]:
    """The ads that fit, the newest first. Raises GraphError where a parameter that must be there is not."""
    if not filtering.json_list(params.get("ad_reached_countries", "[]"), "ad_reached_countries"):
        raise graph_errors.invalid_parameter("The parameter ad_reached_countries is required")
    words = re.findall(r"\w+", params.get("search_terms", "").lower())
    pages = {str(page) for page in filtering.json_list(params.get("search_page_ids", "[]"), "search_page_ids")}
    if not words and not pages:
        raise graph_errors.invalid_parameter("Either search_terms or search_page_ids is required")
    return _fitting(words, pages, today, active_only=params.get("ad_active_status", "ACTIVE") == "ACTIVE")


def of_address(asked: Mapping[str, str], today: date) -> list[CompetitorAd]:
    """The ads that the library's own page shows at an address with these parameters, the newest first."""
    words = re.findall(r"\w+", asked.get("q", "").lower())
    pages = {asked["view_all_page_id"]} if "view_all_page_id" in asked else set()
    shown = _fitting(words, pages, today, active_only=asked.get("active_status", "active") == "active")
    return [ad for ad in shown if asked.get("id") in {None, ad.ad_archive_id}]


def _fitting(words: Sequence[str], pages: Set[str], today: date, *, active_only: bool) -> list[CompetitorAd]:
    def fits(ad: CompetitorAd) -> bool:
        text = f"{ad.page} {ad.title} {ad.body}".lower()
        by_page = not pages or competitors.PAGES[ad.page] in pages
        return by_page and all(word in text for word in words) and not (active_only and ad.ended is not None)

    return sorted((ad for ad in competitors.ADS if fits(ad) and ad.started(today) <= today), key=lambda ad: ad.began)
