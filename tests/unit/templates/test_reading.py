"""Readings by rules: the arrangement from the picture, the rest from the words, and reasons to have a person look."""

from __future__ import annotations

from datetime import date
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from viraltracker.sandbox.demo import competitor_pictures, competitors
from viraltracker.templates import geometry, longevity, reading, vocabulary
from viraltracker.templates.longevity import Longevity
from viraltracker.templates.reading import AdWords

BODY = "Does your dog wait at the stairs? Two soft chews a day help stiff joints."


def read(number: int) -> reading.TemplateReading:
    ad = competitors.ADS[number - 1]
    return reading.read(competitor_pictures.draw(ad.scene), AdWords(ad.page, ad.body, ad.title, ad.cta))


@pytest.mark.parametrize(
    ("number", "layout"),
    [
        (1, "headline_top"), (3, "before_after"), (5, "framed"), (6, "comparison"), (8, "headline_bottom"),
        (9, "headline_top"), (10, "side_by_side"), (12, "picture_led"), (13, "headline_bottom"),
    ],
)  # fmt: skip
def test_the_arrangement_is_what_a_person_sees(number: int, layout: str) -> None:
    assert read(number).layout == layout


def test_the_words_say_for_whom_and_how() -> None:
    found = read(1)
    assert (found.industry, found.audience, found.awareness, found.hook) == (
        "pets", "dog owners", "problem_aware", "question",
    )  # fmt: skip
    assert found.regions
    assert found.record()["unseen"] == ["faces", "logos", "words in the picture"]


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (AdWords("Harbor Hound", BODY), []),
        (AdWords("Harbor Hound", "Harbor Hound chews are back."), ["another_brand"]),
        (AdWords("Harbor Hound", "Harbor Hound chews are back.", own_brands=("Harbor Hound",)), []),
        (AdWords(None, "Write to jo@shop.example."), ["personal_data"]),
        (AdWords(None, "Call +1 802 555 0142 today."), ["personal_data"]),
        (AdWords(None, "Save 25% until 2026-11-30, from $1,299.00 to $999.00"), []),
        (AdWords(None, "Clinically shown to cure arthritis."), ["regulated_claim"]),
        (AdWords(None, "Guaranteed returns, no credit check."), ["regulated_claim"]),
        (AdWords(None, "Before and after six weeks."), ["regulated_claim"]),
        (AdWords(None, "We were there before, and after that we left."), []),
    ],
)
def test_what_wants_a_person_is_flagged_with_its_words(words: AdWords, flags: list[str]) -> None:
    found = reading.read(competitor_pictures.draw(competitors.ADS[0].scene), words)
    assert found.flag_names == flags
    assert all(each.quote in words.whole for each in found.flags)


def test_rules_are_never_surer_than_they_may_be_and_say_so_without_words() -> None:
    sure = [read(number).confidence for number in range(1, 15)]
    assert max(sure) <= reading.MOST_SURE
    assert min(sure) < 0.8 < max(sure), "the demo has both, those that are sure and those that are not"
    bare = reading.read(competitor_pictures.draw(competitors.ADS[0].scene), AdWords())
    assert bare.confidence <= 0.3


def test_texture_is_not_taken_for_lettering() -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 300, 3), dtype=np.uint8)
    found = geometry.look_at(Image.fromarray(noise))
    assert found.regions == ()
    assert "too busy" in (found.why_none or "")
    assert geometry.look_at(Image.new("RGB", (300, 300))).regions == ()


def test_regions_lie_within_the_picture() -> None:
    for ad in competitors.ADS:
        for region in read(ad.number).regions:
            assert 0 <= region.left <= region.left + region.width <= 1.0001
            assert 0 <= region.top <= region.top + region.height <= 1.0001


def test_every_label_has_a_meaning() -> None:
    assert set(vocabulary.LAYOUTS) == set(get_args(vocabulary.Layout))
    assert set(vocabulary.FLAGS) == set(get_args(vocabulary.Flag))
    assert set(reading._table("industry")) == set(vocabulary.INDUSTRIES)


def test_the_demos_export_is_the_same_on_the_same_day() -> None:
    day = date(2026, 11, 26)
    first = competitors.export_zip(day)
    competitors.export_zip.cache_clear()
    assert competitors.export_zip(day) == first
    assert len(competitors.ADS) >= 12
    assert len({ad.page for ad in competitors.ADS}) == 4


@pytest.mark.parametrize(
    ("started", "seen", "ended", "days"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), None, 1),
        (date(2026, 1, 1), date(2026, 1, 31), None, 31),
        (date(2026, 1, 1), date(2026, 3, 1), date(2026, 1, 10), 10),
        (date(2026, 1, 5), date(2026, 1, 1), None, 1),
    ],
)
def test_days_of_an_ad(started: date, seen: date, ended: date | None, days: int) -> None:
    assert longevity.active_days(started, seen, ended) == days


@pytest.mark.parametrize(("days", "standing"), [(6, "new"), (7, "tested"), (30, "proven"), (90, "evergreen")])
def test_what_days_say(days: int, standing: str) -> None:
    lived = Longevity(days, 1, 1, is_active=True, started_on=None, ended_on=None, last_seen_on=date(2026, 1, 1))
    assert lived.standing == standing
    assert lived.in_words() == f"{days} days, still running"
