"""What models answer when ads are made: words, and what is to be seen in a picture."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

_Short = Annotated[str, StringConstraints(max_length=200)]
_Score = Annotated[int, Field(ge=1, le=5)]


class WrittenAd(BaseModel, extra="forbid"):
    """The words of one ad; `sources` are the numbers, from 1, of the product's sentences that they rest on."""

    sources: Annotated[list[Annotated[int, Field(ge=1, le=500)]], Field(max_length=12)]
    headline: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    subline: Annotated[str, StringConstraints(max_length=160)]
    primary_text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]
    offer: Annotated[str, StringConstraints(max_length=80)]
    button: Annotated[str, StringConstraints(max_length=30)]


class WrittenAds(BaseModel, extra="forbid"):
    """Several ads."""

    ads: Annotated[list[WrittenAd], Field(max_length=30)]


class SeenText(BaseModel, extra="forbid"):
    """Words in a picture as they stand there."""

    text: _Short
    where: Literal["on_the_product", "elsewhere"]


class AdReview(BaseModel, extra="forbid"):
    """What a reviewer sees, and how good it is by the rubric, 1 to 5 each."""

    texts: Annotated[list[SeenText], Field(max_length=40)]
    other_brands: Annotated[list[_Short], Field(max_length=20)]
    product_true: _Score
    composition: _Score
    legibility: _Score
    on_brand: _Score
    claims_honest: _Score
    reasons: Annotated[list[_Short], Field(max_length=10)]
    verdict: Literal["approve", "reject"]
