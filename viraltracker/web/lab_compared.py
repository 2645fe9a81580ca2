"""Where another rule's money came out better in a replay than that of the thresholds in use, and what made it."""

from __future__ import annotations

from viraltracker.intelligence.replay import Replay
from viraltracker.web import lab_view, words


def said(name: str, other: Replay, usual: Replay, currency: str) -> str:
    """Sentences on what `other`, called `name`, had in money over the thresholds in use; nothing where it had not."""
    if other.money is None or usual.money is None or other.money <= usual.money:
        return ""
    more = words.money(other.money - usual.money, currency, cents=False)
    wrong = lab_view.ENDINGS[usual.rule.kind][1]
    parts = [
        f"“{name}” came out {more} better here than the thresholds in use.",
        f"It raised {words.counted(other.raised, 'alarm')} against {usual.raised:,}; after {_false(other)} the ad "
        f"{wrong}, against {_false(usual)}.",
    ]
    if other.raised > usual.raised:
        parts.append(
            "More alarms meet more spend over the target, and more ads that would have come good; what those would "
            "have earned after these 14 days is not in the money."
            if usual.rule.kind != "value"
            else "More alarms meet more spend that did well, and more that did not."
        )
    if None not in (other.money_low, usual.money_high) and (other.money_low or 0.0) <= (usual.money_high or 0.0):
        parts.append("The ranges of the two amounts overlap, so the difference may be chance.")
    return " ".join(parts)


def _false(one: Replay) -> str:
    return f"{one.judged - one.right:,} of {one.judged:,} judged"
