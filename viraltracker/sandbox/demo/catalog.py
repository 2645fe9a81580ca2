"""What the demo account advertises with: campaigns, ad sets, pictures, clips and creatives.

Nothing here is random: creatives are laid out cell by cell over awareness × format, so that the one missing
cell is the one named in `planted.COVERAGE_GAP`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from viraltracker.sandbox.demo import planted
from viraltracker.sandbox.demo.copy import COPIES, Copy

ACCOUNT_ID = "act_100200300400"
ACCOUNT_NAME = "Wonder Paws"
CURRENCY = "USD"
TIME_ZONE = "America/New_York"
TOKEN = "demo-token"  # noqa: S105 the sandbox's own well-known token, worth nothing elsewhere
PAGE_ID = "108200300400500"
ADS = 242

Branch = Literal["link_data", "video_data", "photo_data", "carousel", "asset_feed", "post"]


@dataclass(frozen=True)
class Campaign:
    """`cpm` is the usual price of 1,000 impressions in dollars, `share` the weight with which ads fall into it."""

    campaign_id: str
    name: str
    objective: str
    effective_status: str
    cpm: float
    share: float
    ad_sets: int


CAMPAIGNS: tuple[Campaign, ...] = (
    Campaign("120209000000000001", "WP | Prospecting | Broad US", "OUTCOME_SALES", "ACTIVE", 12.0, 0.26, 4),
    Campaign("120209000000000002", "WP | Prospecting | Interests", "OUTCOME_SALES", "ACTIVE", 13.5, 0.16, 4),
    Campaign("120209000000000003", "WP | Prospecting | Lookalike 3%", "OUTCOME_SALES", "ACTIVE", 14.0, 0.12, 3),
    Campaign("120209000000000004", "WP | Advantage+ Shopping", "OUTCOME_SALES", "ACTIVE", 13.0, 0.14, 2),
    Campaign("120209000000000005", "WP | Retargeting | 30 days", "OUTCOME_SALES", "ACTIVE", 21.0, 0.12, 3),
    Campaign("120209000000000006", "WP | Creative testing", "OUTCOME_SALES", "ACTIVE", 13.0, 0.20, 5),
    Campaign(planted.NOT_SELLING_CAMPAIGN, "WP | Traffic | Blog readers", "OUTCOME_TRAFFIC", "ACTIVE", 6.5, 0.0, 1),
    Campaign("120209000000000008", "WP | Fall sale (ended)", "OUTCOME_SALES", "PAUSED", 15.0, 0.0, 3),
)


@dataclass(frozen=True)
class AdSet:
    """`learning_status` as Meta's `learning_stage_info.status` has it; None where Meta reports none."""

    ad_set_id: str
    campaign: Campaign
    name: str
    effective_status: str
    optimization_goal: str
    learning_status: str | None


_AUDIENCES = ("Women 35-64", "All 25+", "Large breeds", "Senior dogs", "Vet visitors")


def _ad_sets() -> Iterator[AdSet]:
    number = 0
    for campaign in CAMPAIGNS:
        sells = campaign.objective == "OUTCOME_SALES"
        for index in range(campaign.ad_sets):
            number += 1
            last = index == campaign.ad_sets - 1 and campaign.ad_sets > 2
            own_status = "PAUSED" if last else "ACTIVE"
            status = "CAMPAIGN_PAUSED" if campaign.effective_status == "PAUSED" else own_status
            learning = "SUCCESS" if sells else None
            if campaign.name.endswith("testing") and index == 0:
                learning = "LEARNING"
            elif campaign.name.endswith("Interests") and index == 1:
                learning = "FAIL"
            yield AdSet(
                f"1202095000000{number:05d}",
                campaign,
                f"{campaign.name.split('|')[1].strip()} | {_AUDIENCES[index]}",
                status,
                "OFFSITE_CONVERSIONS" if sells else "LINK_CLICKS",
                learning,
            )


AD_SETS: tuple[AdSet, ...] = tuple(_ad_sets())


@dataclass(frozen=True)
class Picture:
    """What a drawn image shows; `image_hash` stands for its bytes, which depend on nothing else."""

    image_hash: str
    creative_format: str
    headline: str
    line: str
    variant: int
    """Chooses palette and arrangement."""


@dataclass(frozen=True)
class Clip:
    """A committed MP4, as the reading of a person who watched it."""

    slug: str
    video_id: str
    awareness: str
    creative_format: str
    seconds: int
    hook: str
    """The words on screen in the opening."""


CLIPS: tuple[Clip, ...] = (
    Clip("unaware-morning", "778100000000001", "unaware", "video_professional", 10, "6:40 a.m. Nobody comes running."),
    Clip(
        "problem-stairs", "778100000000002", "problem_aware", "video_ugc", 12, "POV: your dog just looked at the stairs"
    ),
    Clip("solution-choose", "778100000000003", "solution_aware", "video_professional", 12, "Pills, powder or chews?"),
    Clip("product-inside", "778100000000004", "product_aware", "video_demo", 16, "Inside one Wonder Paws chew"),
    Clip(
        "product-benny", "778100000000005", "product_aware", "video_testimonial", 14, "Benny, week 5 with Wonder Paws"
    ),
    Clip("most-bundle", "778100000000006", "most_aware", "video_ugc", 8, "30% off Wonder Paws. Ends Sunday."),
)


@dataclass(frozen=True)
class Creative:
    """`awareness` and `creative_format` are the golden reading: what a careful person says it is."""

    creative_id: str
    name: str
    awareness: str
    creative_format: str
    branch: Branch
    copy: Copy
    pictures: tuple[Picture, ...]
    clip: Clip | None

    @property
    def object_type(self) -> str:
        """`video`, `image` or `carousel`."""
        if self.clip:
            return "video"
        return "carousel" if self.branch == "carousel" else "image"


CELLS: dict[str, dict[str, int]] = {
    "unaware": {
        "image_static": 9, "image_product": 3, "image_before_after": 3, "image_testimonial": 3, "carousel": 3,
        "video_professional": 6,
    },
    "problem_aware": {
        "image_static": 11, "image_product": 4, "image_before_after": 8, "image_testimonial": 7, "carousel": 4,
        "video_ugc": 7,
    },
    "solution_aware": {
        "image_static": 9, "image_product": 6, "image_before_after": 4, "image_testimonial": 5,
        "video_professional": 6,
    },
    "product_aware": {
        "image_static": 6, "image_product": 8, "image_before_after": 4, "image_testimonial": 7, "carousel": 4,
        "video_demo": 5, "video_testimonial": 5,
    },
    "most_aware": {
        "image_static": 9, "image_product": 6, "image_before_after": 2, "image_testimonial": 3, "carousel": 3,
        "video_ugc": 5,
    },
}  # fmt: skip
"""Distinct creatives per awareness stage and format: 165 in all."""

_CARD_LINES = ("Day 1", "Week 3", "Week 6", "Ask your vet")


def picture_hash(key: str) -> str:
    """32 hex digits that stand for a picture, in the form of Meta's image hashes."""
    return hashlib.md5(key.encode(), usedforsecurity=False).hexdigest()


def _pictures(number: int, creative_format: str, text: Copy) -> tuple[Picture, ...]:
    if creative_format.startswith("video"):
        return ()
    lines = _CARD_LINES[: 3 + number % 2] if creative_format == "carousel" else (text.description,)
    return tuple(
        Picture(picture_hash(f"wonder-paws/{number}/{card}"), creative_format, text.headline, line, number * 7 + card)
        for card, line in enumerate(lines)
    )


def _branch(creative_format: str, number: int) -> Branch:
    if creative_format == "carousel":
        return "carousel"
    if creative_format.startswith("video"):
        return "asset_feed" if number % 7 == 3 else "video_data"
    if number % 13 == 4:
        return "photo_data"
    if number % 11 == 5:
        return "asset_feed"
    return "post" if number % 9 == 2 else "link_data"


@cache
def creatives() -> tuple[Creative, ...]:
    """The 165 creatives; those that lead to the broken page come last, one for each of its ads."""
    texts: dict[str, list[Copy]] = defaultdict(list)
    trial: list[Copy] = []
    for text in COPIES:
        (trial if text.page == planted.BROKEN_PAGE.slug else texts[text.awareness]).append(text)
    clips = {(clip.awareness, clip.creative_format): clip for clip in CLIPS}
    cells = [(stage, fmt) for stage, formats in CELLS.items() for fmt, count in formats.items() for _ in range(count)]
    for text in trial:
        cells.remove((text.awareness, "image_static"))
    plan: list[tuple[str, str, Copy]] = []
    used: dict[str, int] = defaultdict(int)
    for stage, fmt in cells:
        plan.append((stage, fmt, texts[stage][used[stage] % len(texts[stage])]))
        used[stage] += 1
    plan += [(text.awareness, "image_static", text) for text in trial]
    return tuple(
        Creative(
            f"1202090000009{number:05d}",
            f"WP {fmt} {text.headline[:40]} #{number}",
            stage,
            fmt,
            "link_data" if text.page == planted.BROKEN_PAGE.slug else _branch(fmt, number),
            text,
            _pictures(number, fmt, text),
            clips.get((stage, fmt)),
        )
        for number, (stage, fmt, text) in enumerate(plan, start=1)
    )
