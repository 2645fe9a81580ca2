"""What a model that writes ads, or looks at one, is to answer: the shapes of its replies, each bounded."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

MOST_ADS = 15
MOST_SENTENCES = 200
"""Of a product, as the document numbers them."""

Number = Annotated[int, Field(ge=1, le=MOST_SENTENCES)]
Word = Annotated[str, Field(max_length=200)]
Sentence = Annotated[str, Field(max_length=300)]
Score = Annotated[int, Field(ge=1, le=5)]


class WrittenAd(BaseModel, extra="forbid"):
    """The words of one ad. `sources` are 1-based numbers of the product's sentences that it rests on.

    They stand before the words, so that they are chosen first. `subline`, `offer` and `button` are "" for none.
    """

    sources: list[Number] = Field(max_length=20)
    headline: str = Field(min_length=1, max_length=80)
    subline: str = Field(max_length=160)
    primary_text: str = Field(min_length=1, max_length=1000)
    offer: str = Field(max_length=120)
    button: str = Field(max_length=40)


class WrittenAds(BaseModel, extra="forbid"):
    """As many ads as were wanted, or fewer."""

    ads: list[WrittenAd] = Field(max_length=MOST_ADS)


class SeenText(BaseModel, extra="forbid"):
    """Words in a picture, letter by letter: printed on the product that is shown, or anywhere else."""

    text: str = Field(max_length=300)
    where: Literal["on_the_product", "elsewhere"]


class AdReview(BaseModel, extra="forbid"):
    """What a reviewer saw in an ad, and then what it thinks of it.

    `texts` are all words in the picture, transcribed before anything is judged; `other_brands` names or marks of other
    brands that can be seen. Scores go from 1 to 5; `reasons` has a short sentence for each that is below 4.
    """

    texts: list[SeenText] = Field(max_length=40)
    other_brands: list[Word] = Field(max_length=10)
    product_true: Score
    composition: Score
    legibility: Score
    on_brand: Score
    claims_honest: Score
    reasons: list[Sentence] = Field(max_length=8)
    verdict: Literal["approve", "reject"]
