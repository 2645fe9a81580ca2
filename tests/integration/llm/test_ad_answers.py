"""Ads that the sandbox's models write, and what they see in a picture: through both SDKs, in the product's shapes."""

from __future__ import annotations

import hashlib
import io
import json
from functools import cache

import pytest
from PIL import Image

from tests.integration.llm.conftest import AddFault, MakeModel
from viraltracker.creation.model_answers import AdReview, WrittenAds
from viraltracker.llm.request import Answered, Media, Request
from viraltracker.sandbox import picture_model
from viraltracker.sandbox.faults import Fault, Kind
from viraltracker.sandbox.model_answers import Asked, PictureWanted

BOTH = pytest.mark.parametrize("provider", ["gemini", "claude"])
SENTENCES = [
    "60 chews in a bag, $59, about 89 cents a day for a medium dog",
    "Made in Vermont",
    "Drug-free, tested by an independent lab",
    "Stairs look easier again",
    "Getting up without the groan",
    "Free shipping over $50",
]
OFFERS = ["Subscribe and pay 25% less on every bag"]


def _free() -> None:
    """A guard that lets everything pass."""


def _writing(wanted: int, stage: str = "product_aware", sentences: list[str] | None = None) -> Request:
    told = {"name": "Wonder Paws Chews", "sentences": SENTENCES if sentences is None else sentences, "price": "$59"}
    document = {"product": {**told, "offers": OFFERS}, "wanted": wanted, "stage": stage}
    return Request(purpose="creation.words", instructions="Write.", content=json.dumps(document), schema=WrittenAds)


def _looking(data: bytes, mime: str = "image/png") -> Request:
    media = Media(mime=mime, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data), read=lambda: data)
    return Request(purpose="creation.review", instructions="Look.", content="{}", schema=AdReview, media=media)


def _written(make: MakeModel, provider: str, request: Request) -> WrittenAds:
    answer = make(provider).ask(request, guard=_free)
    assert isinstance(answer, Answered)
    assert isinstance(answer.value, WrittenAds)
    assert not answer.repaired
    return answer.value


def _seen(make: MakeModel, provider: str, request: Request) -> AdReview:
    answer = make(provider).ask(request, guard=_free)
    assert isinstance(answer, Answered)
    assert isinstance(answer.value, AdReview)
    assert not answer.repaired
    return answer.value


@cache
def _picture(kind: Kind | None = None) -> bytes:
    wanted = PictureWanted("1:1", "1K")
    asked = Asked("gemini", "gemini-3.1-flash-image", "", "A shelf.", picture=wanted)
    return picture_model.drawn(asked, Fault(kind) if kind else None)


@BOTH
@pytest.mark.parametrize("wanted", [1, 5, 15])
def test_ads_are_made_of_the_products_own_sentences_and_all_different(
    provider: str, wanted: int, make: MakeModel
) -> None:
    ads = _written(make, provider, _writing(wanted)).ads
    assert len(ads) == wanted
    assert len({(ad.headline, ad.subline) for ad in ads}) == wanted
    assert len({ad.headline for ad in ads}) == min(wanted, 5)  # as many as are short enough
    for ad in ads:
        rests_on = [SENTENCES[number - 1] for number in ad.sources]
        assert ad.headline in rests_on
        assert ad.subline in rests_on
        assert len(ad.headline) <= 48
        left = ad.primary_text
        for sentence in rests_on:
            left = left.replace(sentence, "")
        assert not left.strip(" .")
        assert ad.offer in OFFERS


@BOTH
def test_who_does_not_know_the_product_is_offered_nothing(provider: str, make: MakeModel) -> None:
    ads = _written(make, provider, _writing(3, "unaware")).ads
    assert {(ad.offer, ad.button) for ad in ads} == {("", "Learn more")}


@BOTH
def test_a_product_without_short_sentences_is_named(provider: str, make: MakeModel) -> None:
    ads = _written(make, provider, _writing(3, sentences=["x" * 200])).ads
    assert [(ad.headline, ad.sources) for ad in ads] == [("Wonder Paws Chews", [1])]


@BOTH
@pytest.mark.parametrize(
    ("kind", "headline"),
    [("invented_price", "Now only $9.99"), ("invented_claim", "Clinically proven to work in 3 days")],
)
def test_an_invention_is_in_one_headline_and_in_no_document(
    provider: str, kind: str, headline: str, make: MakeModel, fault: AddFault
) -> None:
    fault(provider, kind)
    _seen(make, provider, _looking(_picture()))  # a question that the fault does not befall
    ads = _written(make, provider, _writing(4)).ads
    assert [ad.headline == headline for ad in ads] == [True, False, False, False]
    assert headline not in {ad.headline for ad in _written(make, provider, _writing(4)).ads}


@BOTH
def test_a_review_tells_the_words_that_are_painted_in_a_picture(provider: str, make: MakeModel) -> None:
    clean = _seen(make, provider, _looking(_picture()))
    assert (clean.texts, clean.other_brands, clean.verdict, clean.reasons) == ([], [], "approve", [])
    assert {clean.product_true, clean.composition, clean.legibility, clean.on_brand, clean.claims_honest} == {5}
    branded = _seen(make, provider, _looking(_picture("foreign_text")))
    assert [(seen.text, seen.where) for seen in branded.texts] == [("GlowNova", "elsewhere")]
    assert branded.other_brands == ["GlowNova"]
    priced = _seen(make, provider, _looking(_picture("price_text")))
    assert [seen.text for seen in priced.texts] == ["$9.99"]
    assert priced.other_brands == []


@BOTH
def test_a_picture_that_says_nothing_of_itself_has_no_words(provider: str, make: MakeModel) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(out, "JPEG")
    assert _seen(make, provider, _looking(out.getvalue(), "image/jpeg")).texts == []


@BOTH
def test_a_reviewer_that_says_no_gives_a_reason_for_each_score(provider: str, make: MakeModel, fault: AddFault) -> None:
    fault(provider, "reviewer_rejects")
    _written(make, provider, _writing(2))
    review = _seen(make, provider, _looking(_picture()))
    assert (review.verdict, review.product_true, len(review.reasons)) == ("reject", 2, 5)
    assert _seen(make, provider, _looking(_picture())).verdict == "approve"


@BOTH
@pytest.mark.parametrize("kind", ["bad_json", "wrong_shape"])
def test_an_answer_outside_the_shape_is_asked_for_again(
    provider: str, kind: str, make: MakeModel, fault: AddFault
) -> None:
    for request in (_writing(2), _looking(_picture())):
        fault(provider, kind)
        answer = make(provider).ask(request, guard=_free)
        assert isinstance(answer, Answered)
        assert answer.repaired
