"""Simulates an account day by day and sums it up as the database does: for tests of the analysis as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from viraltracker.analysis import blocks
from viraltracker.intelligence import frame
from viraltracker.intelligence.analyse import Analysis
from viraltracker.intelligence.context import AnalysisContext

from .build import WINDOW, question

DAYS, WEEKS = 120, 13
NOW, BEFORE = slice(-30, None), slice(-60, -30)
STAGES = ("problem_aware", "solution_aware", "product_aware", None)
FORMATS = ("video_ugc", "image_static", "video_demo", "unclear")
PARTS = ("promise", "offer", "proof", "tone", "awareness")
MONEY = ("spend", "purchase_value", "matured_spend", "spend_impressions", "value_sq", "spend_sq")
"""Columns that are money, the last two squared; the same of the period before."""


@dataclass(frozen=True)
class Simulated:
    """`ads` has a row per ad with every column of the frame, `days` a row per day, as the rules read them."""

    ads: pd.DataFrame
    days: pd.DataFrame

    def in_other_money(self, factor: float) -> Simulated:
        """The same account with every amount times `factor`."""
        ads, days = self.ads.copy(), self.days.copy()
        for name in MONEY:
            power = 2 if name.endswith("_sq") else 1
            for column in ads.columns.intersection([name, f"prior_{name}"]):
                ads[column] = ads[column] * factor**power
        ads["week_spend"] = [[part * factor for part in weeks] for weeks in ads["week_spend"]]
        for name in ("spend", "purchase_value"):
            days[name] = days[name] * factor
        return Simulated(ads, days)


def asked(**changes: Any) -> AnalysisContext:
    """September 2026 with thirteen weeks and a target CPA of 20 US dollars; arguments given here win."""
    return question(**({"weeks": WEEKS} | changes))


def account(seed: int, count: int = 18, **columns: Any) -> Simulated:
    """`count` ads over 120 days that end with the window: some wear out, some sell nothing, two pages are bad."""
    rng = np.random.default_rng(seed)
    size = (count, DAYS)
    daily: dict[str, np.ndarray] = {}
    daily["impressions"] = rng.poisson(rng.uniform(200, 4_000, (count, 1)) * rng.lognormal(0, 0.2, size))
    daily["spend"] = np.round(daily["impressions"] * rng.uniform(4, 15, (count, 1)) / 1000, 2)
    wear = np.where((rng.random((count, 1)) < 0.2) & (np.arange(DAYS) >= DAYS - 21), 0.5, 1.0)
    ctr = rng.uniform(0.008, 0.03, (count, 1)) * wear * rng.lognormal(0, 0.1, size)
    daily["link_clicks"] = rng.binomial(daily["impressions"], np.minimum(ctr, 1))
    daily["video_3s"] = rng.binomial(daily["impressions"], 0.2, size)
    daily["thruplays"] = rng.binomial(daily["video_3s"], 0.3)
    daily["landing_page_views"] = rng.binomial(daily["link_clicks"], 0.8)
    sells = rng.choice([0.0, 0.01, 0.04, 0.08], (count, 1))
    daily["purchases"] = rng.binomial(daily["landing_page_views"], sells)
    daily["results"] = daily["purchases"]
    daily["purchase_value"] = daily["purchases"] * np.round(rng.uniform(30, 60, (count, 1)), 2)
    daily["clicks"] = daily["link_clicks"] + rng.poisson(3, size)
    ads = pd.DataFrame(
        {
            "ad_id": [f"{n:03}" for n in range(count)],
            "ad_name": [f"Ad {n}" for n in range(count)],
            "objective": "OUTCOME_SALES",
            "media_type": rng.choice(["video", "image"], count, p=[0.6, 0.4]),
            "active": rng.random(count) < 0.9,
            "effective_status": "ACTIVE",
            "learning_status": rng.choice(["SUCCESS", "FAIL", "LEARNING"], count, p=[0.8, 0.1, 0.1]),
            "created_on": date(2026, 1, 1),
            "first_ever": date(2026, 1, 1),
            "first_day": WINDOW.date_from,
            "last_day": WINDOW.date_to,
            "days": 30,
            "result_type": "purchase",
            "recent_impressions": daily["impressions"][:, -3:].sum(1),
            "recent_days_active": 3,
            "awareness": rng.choice(np.array(STAGES, dtype=object), count),
            "format": rng.choice(FORMATS, count),
            "angle": rng.choice(["price", "proof", "fear"], count),
            "hook": rng.choice(["question", "claim"], count),
            "classified": True,
            "input_hashes": [[f"hash {n // 2}"] for n in range(count)],
            "landing_url": [f"https://shop.example/{n}" for n in rng.integers(0, 5, count)],
            "congruence_total": rng.uniform(1, 5, count),
            "congruence_weakest": rng.choice(PARTS, count),
            "congruence_weakest_score": rng.integers(0, 5, count),
        }
    )
    ads["landing_status"] = np.where(ads["landing_url"].str.endswith("4"), "http_404", "ok")
    ads = pd.concat([ads, pd.DataFrame(_sums(daily)), pd.DataFrame(_weeks(daily))], axis=1).assign(**columns)
    days = pd.DataFrame({name: values.sum(0) for name, values in daily.items()})
    days.insert(0, "date", [(WINDOW.date_to - timedelta(days=DAYS - 1 - n)).isoformat() for n in range(DAYS)])
    return Simulated(ads, days.assign(stored=True))


def rendered(analysis: Analysis) -> list[dict[str, Any]]:
    """The blocks that would be stored."""
    plain = analysis.as_dict()
    return blocks.render(plain, blocks.summary("Brand", plain, []))


def _sums(daily: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for start, period in (("", NOW), ("prior_", BEFORE)):
        part = {name: values[:, period].astype(np.float64) for name, values in daily.items()}
        found |= {f"{start}{name}": values.sum(1) for name, values in part.items()}
        found |= {
            f"{start}matured_{name}": part[name].sum(1) for name in ("spend", "link_clicks", "landing_page_views")
        }
        found[f"{start}delivery_days"] = (part["impressions"] > 0).sum(1)
        found[f"{start}spend_sq"] = (part["spend"] ** 2).sum(1)
        found[f"{start}spend_impressions"] = (part["spend"] * part["impressions"]).sum(1)
        found[f"{start}impressions_sq"] = (part["impressions"] ** 2).sum(1)
        if not start:
            found["click_days"] = (part["link_clicks"] > 0).sum(1)
            found["purchase_days"] = (part["purchases"] > 0).sum(1)
            for name, over, under in (
                ("ctr_sq", "link_clicks", "impressions"),
                ("hook_sq", "video_3s", "impressions"),
                ("lpv_sq", "landing_page_views", "link_clicks"),
                ("value_sq", "purchase_value", "purchases"),
            ):
                found[name] = (part[over] ** 2 / np.maximum(part[under], 1)).sum(1)
    return found


def _weeks(daily: dict[str, np.ndarray]) -> dict[str, list[list[float]]]:
    """Seven days each, the newest week first."""
    backwards = {name: daily[name][:, ::-1][:, : 7 * WEEKS] for name in frame.WEEKLY}
    return {
        f"week_{name}": values.reshape(len(values), WEEKS, 7).sum(2).astype(float).tolist()
        for name, values in backwards.items()
    }
