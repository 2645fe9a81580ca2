"""Exports of Ad Library tools in the shapes in which they come, and what of them cannot be used."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from viraltracker.errors import BadInput
from viraltracker.templates import library_export
from viraltracker.templates.library_export import LibraryExport
from viraltracker.templates.scraped_ad import Medium

APIFY: dict[str, Any] = {
    "ad_archive_id": "812345678901234",
    "page_id": "100",
    "page_name": "Harbor Hound",
    "is_active": True,
    "start_date": 1767225600,
    "end_date": 1772323200,
    "collation_count": 4,
    "publisher_platform": ["FACEBOOK", "INSTAGRAM"],
    "snapshot": {
        "body": {"text": "Does your dog wait at the stairs?"},
        "title": "The stairs test",
        "cta_type": "SHOP_NOW",
        "link_url": "https://shop.example/",
        "display_format": "IMAGE",
        "images": [
            {"original_image_url": "https://cdn.example/o.jpg", "resized_image_url": "https://cdn.example/r.jpg"}
        ],
        "cards": [],
        "videos": [
            {"video_hd_url": "https://cdn.example/v.mp4", "video_preview_image_url": "https://cdn.example/p.jpg"}
        ],
    },
}


def read(rows: Any) -> LibraryExport:
    return library_export.parse("ads.json", json.dumps(rows).encode())


def camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            "".join(w if n == 0 else w.title() for n, w in enumerate(k.split("_"))): camel(v) for k, v in value.items()
        }
    return [camel(item) for item in value] if isinstance(value, list) else value


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def test_a_nested_row_gives_all_that_is_known_of_an_ad() -> None:
    [ad] = read([APIFY]).ads
    assert (ad.ad_archive_id, ad.page_id, ad.page_name) == ("812345678901234", "100", "Harbor Hound")
    assert (ad.body, ad.title, ad.cta) == ("Does your dog wait at the stairs?", "The stairs test", "SHOP_NOW")
    assert (ad.started_on, ad.ended_on, ad.is_active, ad.variants) == (date(2026, 1, 1), None, True, 4)
    assert (ad.platforms, ad.display_format) == (("facebook", "instagram"), "image")
    assert ad.media == (
        Medium("image", "https://cdn.example/o.jpg"),
        Medium("video", "https://cdn.example/v.mp4"),
    )


def test_camel_case_and_flattened_columns_say_the_same() -> None:
    flat = {
        "adArchiveID": APIFY["ad_archive_id"],
        "pageID": "100",
        "pageName": "Harbor Hound",
        "isActive": "true",
        "startDate": "1767225600",
        "collationCount": "4",
        "publisherPlatform/0": "FACEBOOK",
        "snapshot/body/text": "Does your dog wait at the stairs?",
        "snapshot/title": "The stairs test",
        "snapshot/ctaType": "SHOP_NOW",
        "snapshot/linkUrl": "https://shop.example/",
        "snapshot/displayFormat": "IMAGE",
        "snapshot/images/0/originalImageUrl": "https://cdn.example/o.jpg",
        "snapshot/videos/0/videoHdUrl": "https://cdn.example/v.mp4",
    }
    [nested] = read([APIFY]).ads
    [in_camel] = read({"data": [camel(APIFY)]}).ads
    [from_csv] = library_export.parse("ads.csv", b"\xef\xbb\xbf" + as_csv([flat], ";")).ads
    assert in_camel == nested
    assert (from_csv.body, from_csv.media, from_csv.started_on) == (nested.body, nested.media, nested.started_on)


def test_the_columns_of_the_official_edge_and_of_simple_tools() -> None:
    edge = {"id": "5551234", "ad_creative_bodies": ["Hello"], "ad_delivery_start_time": "2026-01-02",
            "ad_delivery_stop_time": "2026-02-03", "publisher_platforms": ["facebook"]}  # fmt: skip
    simple = {
        "Library ID": "5551235",
        "Advertiser": "X",
        "Ad copy": "Hi",
        "Started": "Jan 2, 2026",
        "Status": "Inactive",
        "Image URLs": "https://a.example/1.jpg, https://a.example/2.jpg",
    }
    [one] = read([edge]).ads
    assert (one.body, one.started_on, one.ended_on, one.is_active) == (
        "Hello",
        date(2026, 1, 2),
        date(2026, 2, 3),
        False,
    )
    [other] = library_export.parse("ads.csv", as_csv([simple])).ads
    assert (other.page_name, other.body, other.started_on, other.is_active) == ("X", "Hi", date(2026, 1, 2), False)
    assert [medium.source_url for medium in other.media] == ["https://a.example/1.jpg", "https://a.example/2.jpg"]


def test_a_catalogue_ad_says_what_its_cards_say() -> None:
    card = {"body": "For stiff dogs", "title": "Chews", "original_image_url": "https://cdn.example/c.jpg"}
    placeholders = {"body": {"text": "{{product.description}}"}, "title": "{{product.name}}"}
    row = {**APIFY, "snapshot": placeholders | {"cards": [card]}}
    [ad] = read([row]).ads
    assert (ad.body, ad.title) == ("For stiff dogs", "Chews")
    assert [medium.source_url for medium in ad.media] == ["https://cdn.example/c.jpg"]


def test_rows_of_one_ad_are_one_ad() -> None:
    rows = [
        {"id": "77001", "start_date": "2026-02-01", "end_date": "2026-03-01", "is_active": False},
        {"id": "77001", "start_date": "2026-01-01", "end_date": "2026-04-01", "is_active": False, "body": "x"},
    ]
    [ad] = read(rows).ads
    assert (ad.started_on, ad.ended_on, ad.body) == (date(2026, 1, 1), date(2026, 4, 1), "x")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"body": "x"}, "no id"),
        ({"error": "no_items"}, "no_items"),
        ({"id": "1.23E+15"}, "rounded"),
        ({"id": 1.5e15}, "rounded"),
        ({"id": "a b"}, "not one of the Ad Library's"),
        ("text", "not a row"),
    ],
)
def test_a_row_that_cannot_be_used_is_given_with_its_reason(row: object, said: str) -> None:
    found = read([{"id": "77001"}, row])
    assert (len(found.ads), found.rows) == (1, 2)
    [bad] = found.bad_rows
    assert bad.row == 2
    assert said in bad.reason


def test_values_that_cannot_be_read_are_counted() -> None:
    found = read(
        [{"id": "77001", "start_date": "soon", "link_url": "javascript:alert(1)", "image_url": "file:///etc/passwd"}]
    )
    assert found.notes == {"start date that could not be read": 1}
    [ad] = found.ads
    assert (ad.started_on, ad.link_url, ad.media) == (None, None, ())


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"name,text\nx,y\n", r"looked for ad_archive_id, adArchiveId, library_id"),
        ("a.json", b'[{"name": "x"}]', "no column with the ids"),
        ("a.json", b"[]", "no rows"),
        ("a.json", b'[{"id": "77001"', "not whole JSON"),
        ("a.json", b"[" * 200_000, "not whole JSON|too deeply"),
        ("a.csv", b"", "no rows"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "not an export"),
        ("a.csv", b"id\n" + b"77001\n" * 20_001, "at most 20,000"),
    ],
)
def test_what_is_no_export_is_refused_with_a_sentence(name: str, data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        library_export.parse(name, data)


def test_a_file_without_end_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_export, "MAX_BYTES", 10)
    with pytest.raises(BadInput, match="larger than"):
        library_export.parse("a.json", b"x" * 11)


NAMES = st.sampled_from(["id", "snapshot", "body", "cards", "images", "start_date", "text", "url"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner), max_leaves=15)


@given(ANYTHING)
@example({"id": "77002", "snapshot": True})
def test_no_json_makes_it_fail_in_another_way(value: object) -> None:
    """What comes from outside is refused in a sentence or read, whatever its shape."""
    try:
        found = read([{"id": "77001"}, value])
    except BadInput:
        return
    for ad in found.ads:
        json.dumps(ad.record(), default=str).encode()
        assert "\x00" not in repr(ad.record())
