"""Ads as Meta's own `ads_archive` edge gives them: words and days, and no media."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from viraltracker.errors import BadInput
from viraltracker.meta.client import GraphClient
from viraltracker.templates import export_rows
from viraltracker.templates.export_rows import RowRefused
from viraltracker.templates.scraped_ad import BadRow, ScrapedAd, merged
from viraltracker.templates.search_url import Search

_DEEPEST = 4


def require_searchable(search: Search) -> None:
    """Raises BadInput for a search that the edge cannot be asked for."""
    if search.ad_id is not None:
        raise BadInput("Meta's edge finds ads by words or by page, not one ad by its id; search for its page instead.")


def ads(client: GraphClient, search: Search, most: int) -> tuple[list[ScrapedAd], list[BadRow], bool]:
    """At most `most` ads of a search, the rows that could not be used, and whether these are all that it has."""
    require_searchable(search)
    found: list[ScrapedAd] = []
    bad: list[BadRow] = []
    rows = _rows(
        client.ads_archive(
            words=search.words, page_id=search.page_id, country=search.country, active_only=search.active_only
        )
    )
    for number, row in enumerate(rows, start=1):
        if len(found) == most:
            return merged(found), bad, False
        try:
            found.append(export_rows.ad(dict(export_rows.normal(dict(row), _DEEPEST)), Counter()))
        except RowRefused as refused:
            bad.append(BadRow(number, refused.reason))
    return merged(found), bad, not bad


def _rows(pages: Iterable[list[dict[str, object]]]) -> Iterator[Mapping[str, object]]:
    for page in pages:
        yield from page
