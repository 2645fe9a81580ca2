"""Ads of four invented competitors, as the Ad Library shows them and as a tool exports them, with their pictures.

Days are counted back from the present day, so that what runs today still runs. Nobody named here exists.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from viraltracker.sandbox.demo import competitor_pictures
from viraltracker.sandbox.demo.competitor_pictures import Scene
from viraltracker.sandbox.fields import Node

EXPORT_NAME = "competitors.zip"
PAGES: Mapping[str, str] = {
    "Harbor Hound": "1004400100001",
    "Little Fern Pets": "1004400100002",
    "Steadytail": "1004400100003",
    "Oat & Otter": "1004400100004",
}
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
"""Of every entry, so that the same day gives the same bytes."""


@dataclass(frozen=True)
class CompetitorAd:
    """An ad that began `began` days ago and, if `ended`, stopped so many days ago."""

    number: int
    page: str
    body: str
    title: str
    cta: str
    began: int
    scene: Scene
    ended: int | None = None
    variants: int = 1

    @property
    def ad_archive_id(self) -> str:
        """The library's id."""
        return f"77{self.number:013d}"

    @property
    def file_name(self) -> str:
        """Of its picture in the export."""
        return f"pictures/{self.ad_archive_id}.jpg"

    def started(self, today: date) -> date:
        """Its first day."""
        return today - timedelta(days=self.began)

    def stopped(self, today: date) -> date | None:
        """Its last day, None while it runs."""
        return None if self.ended is None else today - timedelta(days=self.ended)


ADS: Sequence[CompetitorAd] = (
    CompetitorAd(
        1, "Harbor Hound",
        "Does your dog hesitate at the stairs? Stiff mornings are the first sign that joints need help. Two soft chews "
        "a day, and most dogs move easier within weeks.",
        "The stairs test", "SHOP_NOW", 212,
        Scene("headline_top", "Does your dog wait at the stairs?", "The first sign most owners miss", 1080, 1080, 0),
        variants=9,
    ),
    CompetitorAd(
        2, "Harbor Hound",
        "Harbor Hound Hip Chews are back in stock. Order today and get 25% off your first bag, with free shipping over "
        "$40. The sale ends Sunday.",
        "25% off, this week only", "GET_OFFER", 12,
        Scene("offer", "25% OFF", "your first bag · ends Sunday", 1080, 1350, 1), variants=3,
    ),
    CompetitorAd(
        3, "Harbor Hound",
        "Before: he lay on the rug all day. After 8 weeks: he is first at the door. See what changed for our dogs.",
        "Before and after 8 weeks", "LEARN_MORE", 96,
        Scene("before_after", "Eight weeks apart", "The same dog, the same rug", 1080, 1080, 2), variants=4,
    ),
    CompetitorAd(
        4, "Little Fern Pets",
        '"My 11-year-old lab runs to the gate again. I bought three more bags for my sister\'s dogs." Over 4,000 dog '
        "owners gave it five stars.",
        "What 4,000 dog owners say", "SHOP_NOW", 148,
        Scene("quote", "She runs to the gate again. I had forgotten what that looked like.", "Marta, owner of Bo",
              1080, 1350, 3),
        variants=6,
    ),
    CompetitorAd(
        5, "Little Fern Pets",
        "How to read a supplement label for your dog: look at the milligrams for each chew, not for each bag. Our "
        "guide takes two minutes.",
        "Read the label first", "LEARN_MORE", 61,
        Scene("list", "3 things to check on every label", "Milligrams per chew|Where it is made|What it is tested for",
              1080, 1080, 4),
        variants=2,
    ),
    CompetitorAd(
        6, "Little Fern Pets",
        "Powder on the food bowl, or one soft chew? Dogs leave the powder. Theirs ends up on the floor, ours is gone "
        "in a second.",
        "Chew vs powder", "SHOP_NOW", 43,
        Scene("comparison", "Powder|One chew", "Left in the bowl|Gone in a second", 1080, 1080, 0), variants=2,
    ),
    CompetitorAd(
        7, "Steadytail",
        "For owners of big dogs: 1 in 5 grown dogs has sore joints, and most hide it. Learn the five signs before they "
        "show.",
        "1 in 5 dogs hides it", "LEARN_MORE", 174,
        Scene("statistic", "1 in 5", "grown dogs has sore joints. Most hide it.", 1080, 1080, 5), variants=7,
    ),
    CompetitorAd(
        8, "Steadytail",
        "Clinically proven to treat arthritis in dogs without a prescription. Try it for 30 days, and if nothing "
        "changes you get your money back.",
        "30 days or your money back", "SHOP_NOW", 25,
        Scene("headline_bottom", "30 days, or your money back", "No questions", 1080, 1080, 1), ended=4,
    ),
    CompetitorAd(
        9, "Steadytail",
        "Nobody tells you this about puppy years: joints are made in the first eighteen months. What your dog eats "
        "then decides how it walks at ten.",
        "What nobody tells you about puppies", "LEARN_MORE", 83,
        Scene("story", "The first 18 months decide how a dog walks at ten", "Read the story", 1080, 1920, 2),
        variants=3,
    ),
    CompetitorAd(
        10, "Steadytail",
        "Meet the chew that smells like bacon and weighs nothing in your pocket. New: travel tins for walks and trips.",
        "New: the travel tin", "SHOP_NOW", 5,
        Scene("product", "New: the travel tin", "30 chews for the road", 1200, 628, 4),
    ),
    CompetitorAd(
        11, "Oat & Otter",
        "Looking for a joint chew without chicken? Made with oats and salmon oil for dogs that itch. Vet formulated, "
        "made in small batches.",
        "No chicken, no itch", "SHOP_NOW", 119,
        Scene("headline_top", "A joint chew without chicken", "Oats, salmon oil, nothing else", 1080, 1350, 5),
        variants=5,
    ),
    CompetitorAd(
        12, "Oat & Otter",
        "We plant a meadow for every thousand bags. Dogs run better on grass anyway. Thank you to the 12,000 dog "
        "owners who joined us this year.",
        "A meadow for every thousand bags", "LEARN_MORE", 37,
        Scene("picture", "", "", 1080, 1080, 3), ended=9, variants=2,
    ),
    CompetitorAd(
        13, "Oat & Otter",
        "Questions about your dog's weight and dose? Write to Jo at jo@oatandotter.example or call +1 802 555 0142, "
        "seven days a week.",
        "Ask Jo about your dog", "CONTACT_US", 54,
        Scene("headline_bottom", "Ask Jo anything about your dog", "Seven days a week", 1080, 1080, 2),
    ),
    CompetitorAd(
        14, "Oat & Otter",
        "Subscribe and save 15% on every bag of soft chews. Skip a month or stop whenever you like. Your dog never "
        "runs out.",
        "Save 15% on every bag", "SUBSCRIBE", 33,
        Scene("offer", "SAVE 15%", "on every bag, skip any month", 1080, 1080, 0), ended=2, variants=2,
    ),
)  # fmt: skip


def edge_row(ad: CompetitorAd, today: date, token: str) -> Node:
    """The ad as the `ads_archive` edge gives it: texts in lists, and a link to its rendering that holds the token."""
    stopped = ad.stopped(today)
    values = {
        "id": ad.ad_archive_id,
        "page_id": PAGES[ad.page],
        "page_name": ad.page,
        "ad_creative_bodies": [ad.body],
        "ad_creative_link_titles": [ad.title],
        "ad_delivery_start_time": ad.started(today).isoformat(),
        "ad_delivery_stop_time": stopped.isoformat() if stopped else None,
        "ad_snapshot_url": f"https://www.facebook.com/ads/archive/render_ad/?id={ad.ad_archive_id}&access_token={token}",
        "publisher_platforms": ["facebook", "instagram"],
        "languages": ["en"],
    }
    return Node("ArchivedAd", frozenset(values), values)


def export_rows(today: date) -> list[dict[str, object]]:
    """The ads as a tool exports them, nested as the library's own page loads them; pictures by their names."""
    return [_export_row(ad, today) for ad in ADS]


def scraped_row(ad: CompetitorAd, today: date, picture_url: str) -> dict[str, object]:
    """The ad as an Apify actor gives it: the nested row, with a link to its picture that expires."""
    row = _export_row(ad, today)
    del row["image_file"]
    image = {"original_image_url": picture_url, "resized_image_url": picture_url}
    snapshot = row["snapshot"] if isinstance(row["snapshot"], dict) else {}
    return row | {
        "ad_library_url": f"https://www.facebook.com/ads/library/?id={ad.ad_archive_id}",
        "start_date_formatted": f"{ad.started(today)} 07:00:00",
        "snapshot": snapshot | {"page_name": ad.page, "images": [image]},
    }


def picture(ad_archive_id: str) -> bytes | None:
    """The picture of an ad, JPEG; None when there is no such ad."""
    ad = next((each for each in ADS if each.ad_archive_id == ad_archive_id), None)
    return None if ad is None else competitor_pictures.draw(ad.scene)


@lru_cache(maxsize=2)
def export_zip(today: date) -> bytes:
    """The export with its pictures: the same day gives the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        rows = json.dumps(export_rows(today), indent=1, ensure_ascii=False).encode()
        archive.writestr(zipfile.ZipInfo("ads.json", _ZIP_TIME), rows, zipfile.ZIP_DEFLATED)
        for ad in ADS:
            picture = competitor_pictures.draw(ad.scene)
            archive.writestr(zipfile.ZipInfo(ad.file_name, _ZIP_TIME), picture, zipfile.ZIP_STORED)
    return out.getvalue()


def _export_row(ad: CompetitorAd, today: date) -> dict[str, object]:
    stopped = ad.stopped(today)
    return {
        "ad_archive_id": ad.ad_archive_id,
        "page_id": PAGES[ad.page],
        "page_name": ad.page,
        "is_active": stopped is None,
        "start_date": _seconds(ad.started(today)),
        "end_date": _seconds(stopped) if stopped else None,
        "collation_count": ad.variants,
        "publisher_platform": ["FACEBOOK", "INSTAGRAM"],
        "image_file": ad.file_name,
        "snapshot": {
            "body": {"text": ad.body},
            "title": ad.title,
            "cta_type": ad.cta,
            "display_format": "IMAGE",
            "images": [],
            "videos": [],
            "cards": [],
        },
    }


def _seconds(day: date) -> int:
    return int(datetime.combine(day, time(7), UTC).timestamp())
