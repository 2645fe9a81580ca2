"""What rules and the metrics of evidence are called where people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from viraltracker.intelligence import definitions
from viraltracker.intelligence.plain import label

_RULES: Final[Mapping[str, str]] = {"winner_loser": "Verdict"}
"""Rules whose definition goes by another key."""
_METRICS: Final[Mapping[str, str]] = {
    "hook": "Hook rate",
    "hold": "Hold rate",
    "ctr_ratio": "Link CTR, now ÷ earlier",
    "hook_ratio": "Hook rate, now ÷ earlier",
    "saving_per_week": "Saving a week",
    "recent_impressions": "Impressions of the last three days",
    "top1_share": "Share of the largest ad",
    "expected_rate": "Expected conversions per money, against the rest",
    "conversions_per_money": "Conversions per money, against the rest",
}
"""What evidence is made of and the definitions have no name for."""


def rule(name: str) -> str:
    """A rule as in `Why the CPA moved`."""
    return _RULES.get(name) or _defined(name)


def metric(name: str) -> str:
    """A metric as in `Link CTR`."""
    return _METRICS.get(name) or _defined(name)


def in_a_sentence(name: str) -> str:
    """A name from `rule` or `metric` within a sentence: what is not an abbreviation begins small."""
    return name if name[:2].isupper() else name[:1].lower() + name[1:]


def _defined(name: str) -> str:
    found = definitions.find(name)
    said = label(name)
    return found.name if found else said[:1].upper() + said[1:]
