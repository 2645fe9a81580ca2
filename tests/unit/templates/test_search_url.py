"""Addresses of the Ad Library: what is taken, in which form, and what is refused."""

from __future__ import annotations

import pytest

from viraltracker.errors import BadInput
from viraltracker.templates import search_url

WORDS = "https://www.facebook.com/ads/library/?active_status=active&ad_type=all&country=US&q=dog%20joint&media_type=all"


def test_one_search_has_one_address_however_it_was_copied() -> None:
    ways = (
        WORDS,
        "http://m.facebook.com/ads/library?q=dog+joint&country=us",
        f"  {WORDS}&sort_data[direction]=desc&sort_data[mode]=total_impressions#top ",
        "https://facebook.com:443/ads/library/?country=US&q=%20dog%20%20joint",
    )
    assert len({search_url.parse(way).url for way in ways}) == 1
    found = search_url.parse(WORDS)
    assert (found.words, found.page_id, found.country, found.active_only) == ("dog joint", None, "US", True)
    assert search_url.parse(found.url) == found


def test_a_page_or_an_ad_needs_no_words() -> None:
    page = search_url.parse("https://www.facebook.com/ads/library/?view_all_page_id=123&q=x&active_status=all")
    assert (page.page_id, page.words, page.active_only, page.country) == ("123", None, False, "ALL")
    assert search_url.parse("https://www.facebook.com/ads/library/?id=77").ad_id == "77"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("dog joint", "not a web address"),
        ("javascript:alert(1)", "not a web address"),
        ("https://[::1", "not a web address"),
        ("https://facebook.com.example.org/ads/library/?q=dog", "not at facebook.com"),
        ("https://www.facebook.com@example.org/ads/library/?q=dog", "not at facebook.com"),
        ("https://somebody@www.facebook.com/ads/library/?q=dog", "not at facebook.com"),
        ("https://www.facebook.com:8080/ads/library/?q=dog", "not at facebook.com"),
        ("https://www.facebook.com/wonderpaws", "not the Ad Library"),
        ("https://www.facebook.com/ads/library/report/", "not the Ad Library"),
        ("https://www.facebook.com/ads/library/", "searches for nothing"),
        ("https://www.facebook.com/ads/library/?q=%20", "searches for nothing"),
        ("https://www.facebook.com/ads/library/?view_all_page_id=1;drop", "view_all_page_id is not a number"),
        ("https://www.facebook.com/ads/library/?q=dog&country=USA", "two letters"),
        ("https://www.facebook.com/ads/library/?q=" + "x" * 201, "at most 200 characters"),
        ("https://www.facebook.com/ads/library/?q=" + "x" * 2001, "longer than 2,000"),
        ("https://www.facebook.com/ads/library/?" + "&".join(f"a{n}=1" for n in range(60)), "too many parts"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(address: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        search_url.parse(address)
    assert refused.value.message.endswith(".")
