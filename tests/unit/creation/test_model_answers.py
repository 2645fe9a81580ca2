"""The shapes of a model's replies about ads: closed, and bounded wherever a reply could go on for ever."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from viraltracker.creation.model_answers import AdReview, WrittenAds
from viraltracker.sandbox.smallest import smallest

AD = {"sources": [1], "headline": "A", "subline": "", "primary_text": "B.", "offer": "", "button": ""}
REVIEW: dict[str, Any] = {
    "texts": [{"text": "60 chews", "where": "on_the_product"}],
    "other_brands": [],
    **dict.fromkeys(("product_true", "composition", "legibility", "on_brand", "claims_honest"), 4),
    "reasons": [],
    "verdict": "approve",
}


def test_what_an_ad_rests_on_is_chosen_before_its_words() -> None:
    """A model answers in the order of the fields: reasons that come after the words would be made up for them."""
    assert list(WrittenAds.model_json_schema()["$defs"]["WrittenAd"]["properties"])[:2] == ["sources", "headline"]
    assert next(iter(AdReview.model_json_schema()["properties"])) == "texts"


@pytest.mark.parametrize("shape", [WrittenAds, AdReview])
def test_every_string_and_list_of_a_reply_is_bounded(shape: type[BaseModel]) -> None:
    def bounded(part: object) -> bool:
        if isinstance(part, dict):
            kind = part.get("type")
            if kind == "string" and not ("maxLength" in part or "enum" in part):
                return False
            if kind == "array" and "maxItems" not in part:
                return False
            if kind == "integer" and not {"minimum", "maximum"} <= part.keys():
                return False
            return all(bounded(value) for value in part.values())
        return all(bounded(value) for value in part) if isinstance(part, list) else True

    assert bounded(shape.model_json_schema())
    shape.model_validate(smallest(shape.model_json_schema()))


@pytest.mark.parametrize(
    "change",
    [
        {"product_true": 0},
        {"legibility": 6},
        {"verdict": "perhaps"},
        {"texts": [{"text": "x", "where": "behind"}]},
        {"other_brands": ["x"] * 11},
        {"more": 1},
    ],
)
def test_a_review_outside_its_shape_is_none(change: dict[str, Any]) -> None:
    AdReview.model_validate(REVIEW)
    with pytest.raises(ValidationError):
        AdReview.model_validate({**REVIEW, **change})


@pytest.mark.parametrize("change", [{"sources": [0]}, {"headline": "x" * 81}, {"price": "$1"}])
def test_an_ad_outside_its_shape_is_none(change: dict[str, Any]) -> None:
    WrittenAds.model_validate({"ads": [AD]})
    with pytest.raises(ValidationError):
        WrittenAds.model_validate({"ads": [{**AD, **change}]})
