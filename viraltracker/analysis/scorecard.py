"""The week in one page: winners, losers, spend and changes of a brand, from what is stored. Never calls a model.

A scorecard is a stored run of its own goal: it stands for no brand's full analysis and touches no recommendation.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from viraltracker.analysis import full_analysis, question, rows, scorecard_blocks
from viraltracker.analysis.question import Question
from viraltracker.analysis.scorecard_blocks import NEAREST, VERDICTS
from viraltracker.intelligence import concentration, movers, turnover, windows
from viraltracker.intelligence.analyse import Analysis
from viraltracker.intelligence.analyse import analyse as judge
from viraltracker.intelligence.plain import count, money, plain
from viraltracker.intelligence.turnover import Turnover, Turns
from viraltracker.store import analyses
from viraltracker.store.client import Database

Json = dict[str, Any]

VERSION = "scorecard@1"
"""Part of every scorecard's configuration, beside that of the analysis whose rules it shows."""
LIKELY = 0.5
LISTED = 50
"""So many of the ads that came or went are kept by name."""
_CLICK_DAYS = re.compile(r"(\d+)[- ]?d(?:ays?)?[-_ ]click", re.IGNORECASE)
"""In an attribution setting as the API writes it (7d_click_1d_view), or an export (7-day click or 1-day view)."""

_KEPT = (
    "window",
    "prior_window",
    "source",
    "currency",
    "attribution",
    "goal",
    "target",
    "ads",
    "totals",
    "prior_totals",
    "trends",
)
_SHOWN = (
    "ad_id",
    "ad_name",
    "verdict",
    "reason",
    "spend",
    "conversions",
    "cpa",
    "cpa_low",
    "cpa_high",
    "probability",
    "needs_spend",
)


@dataclass(frozen=True)
class StoredScorecard:
    """The run's id, whether an earlier run already answered exactly this question, and what it says."""

    run_id: str
    reused: bool
    summary: Json


def make(
    db: Database,
    brand_id: str,
    *,
    days: int,
    min_spend: float,
    now: datetime,
    job_run_id: str | None = None,
) -> StoredScorecard:
    """The scorecard of the last `days` full days: from store where it was made before, else made and stored.

    `min_spend`, in the account's currency, is the least that an ad must have spent to be called a winner or a loser.
    At most six round trips for any number of ads. Raises what `question.ask` raises.
    """
    also = {"scorecard": VERSION, "min_spend": float(min_spend)}
    asked = question.ask(db, brand_id, days=days, now=now, also=also)
    earlier = analyses.stored_scorecard(db, brand_id, asked.config_hash, asked.data_version)
    if earlier is not None:
        return StoredScorecard(earlier["id"], reused=True, summary=earlier["summary"])
    read = rows.read(db, brand_id, asked)
    analysis = judge(read.ads, read.context)
    turned = turnover.turnover(analysis.account, analysis.trends, _first_days(db, brand_id, asked, analysis))
    summary = {
        "brand": asked.context["brand"]["name"],
        **_summary(analysis, turned, float(min_spend)),
        "late": _late(asked, now),
        "arriving": _arriving(asked, analysis),
    }
    summary["notes"] = read.notes + summary["notes"]
    row = full_analysis.run_row(brand_id, asked, summary, scorecard_blocks.render(summary), job_run_id)
    return StoredScorecard(analyses.save_scorecard(db, row), reused=False, summary=summary)


def _first_days(db: Database, brand_id: str, asked: Question, analysis: Analysis) -> dict[str, date]:
    """The first stored day of the ads that may be new; of a file, its first day with the ad."""
    source = asked.source
    if source.dataset_id is None:
        return analyses.first_deliveries(db, brand_id, turnover.newcomers(analysis.account))
    if source.period is None or not source.daily:
        return {}
    since, until = source.period.date_from, asked.window.date_to
    found = analyses.import_stats(db, source.dataset_id, since=since, until=until)
    return {row["ad_id"]: date.fromisoformat(row["first_day"]) for row in found["ads"]}


def _summary(analysis: Analysis, turned: Turnover, min_spend: float) -> Json:
    account, whole = analysis.account, analysis.as_dict()
    verdicts = [{name: verdict[name] for name in _SHOWN} for verdict in whole["verdicts"]]
    counted = [verdict for verdict in verdicts if (verdict["spend"] or 0.0) >= min_spend]
    testing = [verdict for verdict in counted if verdict["verdict"] == "keep_testing"]
    below = [verdict for verdict in verdicts if 0 < (verdict["spend"] or 0.0) < min_spend]
    came = {ad.ad_id for ad in turned.launched.ads[:LISTED]}
    return {
        **{name: whole[name] for name in _KEPT},
        "min_spend": min_spend,
        "noun": account.conversions.noun,
        "winners": [verdict for verdict in counted if verdict["verdict"] == "scale"],
        "losers": [verdict for verdict in counted if verdict["verdict"] == "cut"],
        "nearest_winners": _nearest(testing, lambda within: within),
        "nearest_losers": _nearest(testing, lambda within: 1 - within),
        "changes": {
            "spend": plain(movers.spend_moves(account, analysis.trends)),
            "cpa": plain(movers.cpa_moves(account, analysis.trends)),
        },
        "launched": _listed(turned.launched),
        "back": _listed(turned.back),
        "stopped": _listed(turned.stopped),
        "verdicts": {
            verdict["ad_id"]: {
                "verdict": VERDICTS[verdict["verdict"]],
                "cpa_low": verdict["cpa_low"],
                "cpa_high": verdict["cpa_high"],
            }
            for verdict in verdicts
            if verdict["ad_id"] in came
        },
        "concentration": plain(concentration.concentrate(account)),
        "notes": analysis.notes + _left_out(below, min_spend, whole["currency"]),
    }


def _listed(turns: Turns) -> Json:
    """The ads with most spend, and how many there are."""
    return {
        "reason": turns.reason,
        "count": len(turns.ads),
        "ads": plain(turns.ads[:LISTED]),
        "together": plain(turns.together),
    }


def _nearest(testing: list[Json], likeliness: Callable[[float], float]) -> list[Json]:
    """Ads without a verdict that are more likely than not to get this one, the likeliest first."""
    found = [{**row, "probability": likeliness(row["probability"])} for row in testing]
    found = [row for row in found if row["probability"] > LIKELY]
    return sorted(found, key=lambda row: (-row["probability"], -row["spend"]))[:NEAREST]


def _late(asked: Question, now: datetime) -> str | None:
    """That the numbers end before yesterday, where they do."""
    source = asked.source
    if source.last_day is None or not source.daily:
        return None
    return windows.freshness_note(source.last_day, source.today(now) - timedelta(days=1))


def _arriving(asked: Question, analysis: Analysis) -> str | None:
    """That the last days are not what they will be: a conversion counts for the day of its click, and comes later."""
    setting, last = _CLICK_DAYS.search(analysis.context.attribution or ""), asked.window.date_to
    if setting is None or analysis.totals.cpa is None:
        return None
    days = int(setting[1])
    fetched = [account["fetched_to"] for account in asked.context["accounts"] if account["fetched_to"]]
    if days < 1 or (fetched and date.fromisoformat(max(fetched)) >= last + timedelta(days=days)):
        return None
    within = "a day" if days == 1 else f"{days} days"
    return (
        f"Conversions come up to {within} after the click that they count for: those of the last days are not all in, "
        "so the CPA may still fall."
    )


def _left_out(below: list[Json], min_spend: float, currency: str) -> list[str]:
    if not below:
        return []
    spent = money(sum(verdict["spend"] for verdict in below), currency)
    return [
        f"Winners and losers are sought among ads with {money(min_spend, currency)} of spend or more: "
        f"{count(len(below), 'ad')} with less, {spent} together, cannot be one."
    ]
