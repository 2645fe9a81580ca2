"""What the sandbox's models say about the invented competitors' pictures."""

from __future__ import annotations

import json

import pytest

from viraltracker.sandbox.demo import competitors, template_readings
from viraltracker.sandbox.demo.competitors import CompetitorAd
from viraltracker.templates import model_reading
from viraltracker.templates.model_reading import TemplateAnswer
from viraltracker.templates.reading import AdWords


@pytest.mark.parametrize("ad", competitors.ADS, ids=lambda ad: ad.title)
def test_every_quote_stands_in_the_ad_and_every_stage_has_one(ad: CompetitorAd) -> None:
    words = AdWords(ad.page, ad.body, ad.title, ad.cta)
    said = template_readings.answer({"primary_text": ad.body, "headline": ad.title})
    answer = TemplateAnswer.model_validate_json(json.dumps(said))
    found = model_reading.found(answer, words, "sandbox:m")
    assert len(found.record["evidence"]) == len(answer.evidence)
    assert found.confidence == answer.confidence > 0.5


def test_of_any_other_picture_it_knows_nothing() -> None:
    said = template_readings.answer({"primary_text": "Another ad", "headline": "Shoes"})
    answer = TemplateAnswer.model_validate_json(json.dumps(said))
    assert (answer.name, answer.confidence, answer.layout) == ("Shoes", 0, "unclear")
