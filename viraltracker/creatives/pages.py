"""The words of landing pages, as readings take them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from viraltracker.creatives.readings import PageWords


def page_words(row: Mapping[str, Any]) -> PageWords:
    """The words of a page as its row of `landing_pages` has them."""
    return PageWords(
        title=row.get("title") or "",
        heading=row.get("heading") or "",
        description=row.get("description") or "",
        text=row.get("text") or "",
        above_fold=row.get("above_fold") or "",
    )
