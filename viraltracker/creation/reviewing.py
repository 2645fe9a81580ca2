"""Finished ads before reviewers: models that see every size at once and score it by a written rubric."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from PIL import Image

from viraltracker.creation import pictures, prompts, remarks, scenes
from viraltracker.creation.copywriting import Copy
from viraltracker.creation.model_answers import AdReview
from viraltracker.creation.paid import Purchases, Step
from viraltracker.llm.request import Media, Request
from viraltracker.llm.seam import Model

Json = dict[str, Any]
Status = Literal["approved", "needs_person", "rejected"]

CHECK: Final = "review"
MOST_REVIEWERS: Final = 2
LEAST_SCORE: Final = 3
SCORES: Final = ("product_true", "composition", "legibility", "on_brand", "claims_honest")
OUTPUT_TOKENS: Final = 2000
TYPICAL_OUTPUT_TOKENS: Final = 500
_SHEET_PX: Final = 900
"""Height of every picture on the sheet."""
_GAP_PX: Final = 24
_GROUND: Final = (128, 128, 128)


def review(
    purchases: Purchases,
    reviewers: Sequence[Model],
    key: str,
    made: Mapping[str, bytes],
    asked: Mapping[str, Any],
) -> list[Json]:
    """What each reviewer says of an ad, as findings with `by` and `scores`; `made` are its pictures by size, `asked` is
    what `about` gives.

    Raises what asking raises (see `Purchases.ask`).
    """
    data = sheet(list(made.values()))
    document = prompts.document(asked)
    found = []
    for model in reviewers[:MOST_REVIEWERS]:
        request = Request(
            purpose="ad_review",
            instructions=prompts.instructions("review"),
            content=document,
            schema=AdReview,
            media=Media(
                mime="image/jpeg",
                sha256=hashlib.sha256(data).hexdigest(),
                bytes=len(data),
                read=lambda: data,
            ),
            max_output_tokens=OUTPUT_TOKENS,
        )
        version = prompts.VERSIONS["review"]
        step = purchases.ask(f"review:{key}:{model.name}", model, request, version, output_tokens=TYPICAL_OUTPUT_TOKENS)
        found.append(_finding(step, (asked["brand"], asked["product"])))
    return found


def about(brand: str, product: str, copy: Copy, sentences: Sequence[str]) -> Json:
    """What a reviewer is told of an ad beside its pictures."""
    said = {name: getattr(copy, name) for name in ("headline", "subline", "offer", "button", "primary_text")}
    return {"brand": brand, "product": product, "words": said, "sentences": list(sentences)}


def judged(findings: Sequence[Json]) -> tuple[Status, Literal["checks", "reviewers"] | None]:
    """The verdict, and who gave it: None where a person is to.

    Rejected where a hard check failed or every reviewer rejects; approved where nothing failed and all of them agree.
    """
    if any(finding["hard"] and not finding["passed"] for finding in findings):
        return "rejected", "checks"
    reviews = [finding for finding in findings if finding["check"] == CHECK]
    if reviews and all(finding.get("verdict") == "reject" for finding in reviews):
        return "rejected", "reviewers"
    if any(not finding["passed"] for finding in findings):
        return "needs_person", None
    return "approved", "reviewers" if reviews else "checks"


def reasons(findings: Sequence[Json]) -> list[str]:
    """What was wrong, for whoever makes it again."""
    return [str(finding["sentence"]) for finding in findings if not finding["passed"]]


def sheet(made: Sequence[bytes]) -> bytes:
    """Pictures side by side at one height, as a JPEG."""
    shown = []
    for data in made:
        picture = pictures.opened(data)
        wide = round(picture.width * _SHEET_PX / picture.height)
        shown.append(picture.resize((wide, _SHEET_PX), Image.Resampling.LANCZOS))
    width = sum(picture.width for picture in shown) + _GAP_PX * (len(shown) + 1)
    whole = Image.new("RGB", (width, _SHEET_PX + 2 * _GAP_PX), _GROUND)
    left = _GAP_PX
    for picture in shown:
        whole.paste(picture, (left, _GAP_PX))
        left += picture.width + _GAP_PX
    out = io.BytesIO()
    whole.save(out, "JPEG", quality=88)
    return out.getvalue()


def _finding(step: Step, own: Sequence[str]) -> Json:
    if not step.is_answered:
        says = f"{step.model} could not review it: {step.detail or step.reason}"
        return remarks.finding(CHECK, says, passed=False, hard=False, by=step.model)
    seen = AdReview.model_validate(step.result)
    scores = {name: getattr(seen, name) for name in SCORES}
    others = scenes.foreign_brands(seen.other_brands, own)
    passed = seen.verdict == "approve" and min(scores.values()) >= LEAST_SCORE and not others
    why = [*seen.reasons, *([f"It shows another brand: {', '.join(others[:3])}."] if others else [])]
    says = " ".join(why) or ("Nothing to change." if passed else "It was rejected without a reason.")
    return remarks.finding(
        CHECK,
        says[:1000],
        passed=passed,
        hard=False,
        by=step.model,
        scores=scores,
        verdict="approve" if passed else "reject",
    )
