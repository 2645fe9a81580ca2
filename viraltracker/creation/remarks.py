"""What was checked and what came of it, as it is stored and shown: one line a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from viraltracker.creation import claims, grounding
from viraltracker.creation.products import Product

Json = dict[str, Any]


def claimed(copy: Mapping[str, Any], product: Product, today: date, foreign: Sequence[str]) -> list[Json]:
    """What the claims checks say of words as they are stored, whoever wrote them."""
    said = claims.Copy(
        copy["headline"],
        copy["primary_text"],
        copy["button"],
        tuple(text for text in (copy.get("subline"), copy.get("offer")) if text),
    )
    found = [
        finding(each.name, f"“{each.words}” in the {each.where}: {each.reason}", passed=False)
        for each in claims.check(said, product, today, foreign_brands=foreign)
    ]
    return found or [finding("claims", "Every claim is the product's own.", passed=True)]


def ungrounded(copy: Mapping[str, Any], product: Product, brand: str, sentences: Sequence[str]) -> list[Json]:
    """What words that somebody or something rephrased say beyond a product's sentences; empty where it is nothing."""
    return [
        finding("unsupported_claim", f"“{said}”: the product states nothing of the kind.", passed=False)
        for said in grounding.astray(copy, product, brand, sentences)
    ]


def finding(check: str, sentence: str, *, passed: bool, hard: bool = True, **more: object) -> Json:
    """One line of what was checked, as it is stored."""
    return {"check": check, "passed": passed, "hard": hard, "sentence": sentence, **more}
