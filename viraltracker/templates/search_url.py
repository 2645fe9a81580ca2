"""A search in Meta's Ad Library by its address: checked, and in one form however it was copied."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from viraltracker.errors import BadInput

PLACE: Final = "https://www.facebook.com/ads/library/"
LONGEST: Final = 2_000
_HOSTS: Final = frozenset({"facebook.com", "www.facebook.com", "m.facebook.com", "web.facebook.com"})
_COPY_AGAIN: Final = f"open the search in the Ad Library and copy the address that begins with {PLACE}"

_WORD: Final = re.compile(r"[a-z_]{1,40}")
_COUNTRY: Final = re.compile(r"ALL|[A-Z]{2}")
_ID: Final = re.compile(r"[0-9]{1,20}")


@dataclass(frozen=True)
class Search:
    """What is searched for: words, a page, or one ad. `country` is ISO 3166-1 alpha-2, or ALL."""

    words: str | None
    page_id: str | None
    ad_id: str | None
    country: str
    active_only: bool
    url: str
    """The address in its one form, which tells one search from another."""


def parse(url: str) -> Search:
    """The search that an address of the Ad Library stands for. Raises BadInput, in a sentence, for any other text."""
    text = url.strip()
    if len(text) > LONGEST:
        raise BadInput(f"This address is longer than {LONGEST:,} characters; {_COPY_AGAIN}.")
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise BadInput(f"This is not a web address; {_COPY_AGAIN}.") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise BadInput(f"This is not a web address; {_COPY_AGAIN}.")
    if host not in _HOSTS or port not in {None, 80, 443} or parts.username is not None:
        raise BadInput(f"This address is not at facebook.com; {_COPY_AGAIN}.")
    if parts.path.rstrip("/") != "/ads/library":
        raise BadInput(f"This page of facebook.com is not the Ad Library; {_COPY_AGAIN}.")
    try:
        given = dict(parse_qsl(parts.query, max_num_fields=50))
    except ValueError:
        raise BadInput(f"This address has too many parts; {_COPY_AGAIN}.") from None
    return _search({name: value.strip() for name, value in given.items() if value.strip()})


def _search(given: Mapping[str, str]) -> Search:
    words = " ".join(given.get("q", "").split()) or None
    page_id, ad_id = given.get("view_all_page_id"), given.get("id")
    for name, value in (("view_all_page_id", page_id), ("id", ad_id)):
        if value is not None and not _ID.fullmatch(value):
            raise BadInput(f"In this address {name} is not a number; {_COPY_AGAIN}.")
    if words is not None and len(words) > 200:
        raise BadInput("The Ad Library searches for at most 200 characters; search for fewer words.")
    if not (words or page_id or ad_id):
        raise BadInput(f"This address searches for nothing: type words or choose a page first, then {_COPY_AGAIN}.")
    country = given.get("country", "ALL").upper()
    if not _COUNTRY.fullmatch(country):
        raise BadInput(f"In this address country is not ALL or two letters; {_COPY_AGAIN}.")
    active = given.get("active_status", "active").lower()
    kept: dict[str, str | None] = {
        "active_status": _one_of(active, _WORD.fullmatch, "active"),
        "ad_type": _one_of(given.get("ad_type", "all").lower(), _WORD.fullmatch, "all"),
        "country": country,
        "media_type": _one_of(given.get("media_type", "all").lower(), _WORD.fullmatch, "all"),
        # What names one page or one ad needs no words beside it, and the library takes no notice of them.
        "id": ad_id,
        "view_all_page_id": None if ad_id else page_id,
        "q": None if ad_id or page_id else words,
    }
    if kept["q"] is not None:
        kept["search_type"] = _one_of(given.get("search_type", ""), _WORD.fullmatch, "keyword_unordered")
    query = urlencode(sorted((name, value) for name, value in kept.items() if value is not None))
    return Search(kept["q"], kept["view_all_page_id"], ad_id, country, active == "active", f"{PLACE}?{query}")


def _one_of(value: str, fits: Callable[[str], object], otherwise: str) -> str:
    return value if fits(value) else otherwise
