"""The closed lists that describe a template, beside those of `creatives.taxonomy`: each label with what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Layout = Literal[
    "before_after",
    "comparison",
    "testimonial_card",
    "side_by_side",
    "stacked_halves",
    "headline_top",
    "headline_bottom",
    "headline_middle",
    "framed",
    "text_led",
    "picture_led",
    "unclear",
]
Flag = Literal["another_brand", "face", "personal_data", "regulated_claim"]

LAYOUTS: Final[Mapping[Layout, str]] = {
    "before_after": "Two states of the same thing, before and after.",
    "comparison": "Two things set against each other.",
    "testimonial_card": "A customer's words carry the picture.",
    "side_by_side": "Divided into a left and a right half.",
    "stacked_halves": "Divided into an upper and a lower half.",
    "headline_top": "Words above, picture below.",
    "headline_bottom": "Picture above, words below.",
    "headline_middle": "Words across the middle.",
    "framed": "Words above and below, the picture between them.",
    "text_led": "Mostly words.",
    "picture_led": "The picture stands without words.",
    "unclear": "The arrangement cannot be told.",
}
FLAGS: Final[Mapping[Flag, str]] = {
    "another_brand": "names another brand",
    "face": "shows a face",
    "personal_data": "holds personal data",
    "regulated_claim": "makes a claim that is regulated",
}
"""Why a template wants a person's look, after "It …"."""

INDUSTRIES: Final = (
    "pets", "beauty", "supplements", "fitness", "food", "fashion", "home", "baby", "travel", "finance", "software",
    "education", "sports", "automotive",
)  # fmt: skip
