"""The shape of one ad copy of the demo account."""

from __future__ import annotations

from dataclasses import dataclass

AWARENESS_STAGES = ("unaware", "problem_aware", "solution_aware", "product_aware", "most_aware")


@dataclass(frozen=True)
class Copy:
    """One hand-written ad text; `awareness` is the stage its opening speaks to, read by a person."""

    awareness: str
    primary_text: str
    headline: str
    description: str
    cta: str
    """Meta's call-to-action enum, for example SHOP_NOW."""
    page: str
    """Slug of the landing page it leads to."""
