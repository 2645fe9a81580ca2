"""What the page Ads asks about the analysis that stands for a brand: its ads in order, one of them, and how it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from viraltracker.store.client import Database

Json = dict[str, Any]

NOT_JUDGED: Final = ""
"""How ads that the analysis did not look at are asked for, and those without a label."""


@dataclass(frozen=True)
class Wanted:
    """Which ads, and in which order.

    search     found anywhere in id, name, headline or text
    verdict    a verdict, `watch` or `fatigued`, or NOT_JUDGED; None for any
    awareness, ad_format  labels; None for any
    sort       a number or label of an ad by its name in `of_brand`, or `name` or `verdict`; what is unknown comes last
    """

    search: str = ""
    verdict: str | None = None
    awareness: str | None = None
    ad_format: str | None = None
    sort: str = "spend"
    descending: bool = True


def of_brand(
    db: Database, brand_id: str, wanted: Wanted, *, limit: int | None = 24, offset: int = 0, points: int = 0
) -> Json:
    """`{run, total, found, verdicts, median_spend, quadrants, points, ads}`; `run` is None before the first analysis.

    `run` is `{id, source, date_from, date_to, days, finished_at, currency, attribution, goal, target, rules,
    target_roas}`; `verdicts` counts all ads by verdict, NOT_JUDGED too. Without a limit all ads that fit are given.

    An ad has `ad_id, name, effective_status, object_type, headline`, `verdict, reason, probability` (None where the
    analysis did not look at it), `fatigue, fatigue_reason, break_on`, money (`spend, cpa, cpa_low, cpa_high,
    needs_spend, cpm, cpc`), `roas` with its ends, counts, rates as fractions (`ctr, hook_rate, hold_rate, lpv_rate,
    cvr`, each with `_low` and `_high`), `hook_score, watch_score, click_score, convert_score` from 0 to 100, and its
    labels with their `reader`.

    `points` are the ads with the most spend among those that fit; `quadrants` count these by `much` spend (over the
    median of all) and `within` the target, None without a known CPA.
    """
    answer: Json = db.call(
        "ad_board",
        p_brand=brand_id,
        p_search=wanted.search,
        p_verdict=wanted.verdict,
        p_awareness=wanted.awareness,
        p_format=wanted.ad_format,
        p_sort=wanted.sort,
        p_descending=wanted.descending,
        p_limit=limit,
        p_offset=offset,
        p_points=points,
    )
    return answer


def diagnoses(db: Database, brand_id: str, ad_id: str) -> Json:
    """What that analysis says of one ad: `{run, diagnoses: [{diagnosis, verdict, probability, reason, detail}]}`."""
    answer: Json = db.call("ad_diagnoses", p_brand=brand_id, p_ad=ad_id)
    return answer


def trend(db: Database, brand_id: str, ad_id: str, *, since: date, until: date) -> Json:
    """One ad by day and by week: `{currency, conversions, days, weeks}`.

    A day or week is `{from, to, impressions, spend, link_clicks, conversions, ctr, cpa}`, None where nothing is stored;
    weeks end at `until`. `conversions` says whether purchases or results are counted.
    """
    answer: Json = db.call("ad_trend", p_brand=brand_id, p_ad=ad_id, p_from=since, p_to=until)
    return answer
