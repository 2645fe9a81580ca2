"""What an analysis reads, in a constant number of calls, and the one call that stores it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from pydantic_core import to_json

from viraltracker.errors import NotFound
from viraltracker.store.client import Database


def context(db: Database, brand_id: str) -> dict[str, Any]:
    """`{brand, data_version, accounts, status, datasets}`; NotFound when the brand is not visible."""
    answer: dict[str, Any] | None = db.call("analysis_context", p_brand=brand_id)
    if answer is None:
        raise NotFound("There is no such brand.")
    return answer


def conversion_development(db: Database, brand_id: str, currency: str, until: date) -> list[dict[str, Any]]:
    """`[{age, now, next, now_results, next_results, days, results_by_type}]`: how conversions of days went on arriving.

    `now` and `next` are purchases; of results `results_by_type` has `{kind: {now, next, days}}` of the days whose kinds
    are known, and `now_results` and `next_results` all kinds together.
    """
    answer: list[dict[str, Any]] = db.call("conversion_development", p_brand=brand_id, p_currency=currency, p_to=until)
    return answer


def ad_statistics(
    db: Database,
    brand_id: str,
    currency: str,
    *,
    since: date,
    until: date,
    prior_since: date,
    weeks: int,
    closely: int,
    arrived: Sequence[float] = (),
) -> dict[str, Any]:
    """`{attribution, stored, ads, weeks, days}`; the last three are columns, a list each, of one length.

    `ads` are sums per ad over the window and, prefixed prior_, the days before it; `weeks` of the `closely` ads with
    the highest spend, by their row in `ads` and the week; `days` of the account, with `results_by_type`, which is
    `{kind: results}`, and `fetched_on`, when it was last read. The `result_type` of several kinds is "mixed". `stored`
    counts the days that are there: `{days, prior_days, recent_days, first_day}`. `arrived` is the part of a day's
    conversions that is in, by its age in days; empty = all of them.
    """
    answer: list[dict[str, Any]] = db.call(
        "ad_statistics",
        p_brand=brand_id,
        p_currency=currency,
        p_from=since,
        p_to=until,
        p_prior_from=prior_since,
        p_weeks=weeks,
        p_closely=closely,
        p_arrived=list(arrived),
    )
    return answer[0]


def import_stats(db: Database, dataset_id: str, *, since: date, until: date) -> dict[str, Any]:
    """`{ads: [sums per ad key]}` of one imported dataset."""
    answer: dict[str, Any] = db.call("analysis_import_stats", p_dataset=dataset_id, p_from=since, p_to=until)
    return answer


def replay_days(
    db: Database, brand_id: str, currency: str, *, since: date, until: date, dataset_id: str | None = None
) -> dict[str, Any]:
    """`{first, last, stored, ads_in_all, spend_in_all, attribution, ads}`: the days of ads as lists, see the function.

    Of at most 120 days, and of the 2,000 ads that spent most in them.
    """
    answer: dict[str, Any] = db.call(
        "replay_days", p_brand=brand_id, p_currency=currency, p_from=since, p_to=until, p_dataset=dataset_id
    )
    return answer


def shown(db: Database, brand_id: str) -> dict[str, Any] | None:
    """The run that stands for the brand on every page: the newest of the usual window; None before the first."""
    answer: dict[str, Any] | None = db.call("shown_analysis", p_brand=brand_id)
    return answer


def coverage_map(db: Database, brand_id: str) -> dict[str, Any] | None:
    """`{id, date_from, date_to, days, source, finished_at, summary}` of the newest analysis, None before the first."""
    answer: dict[str, Any] | None = db.call("coverage_map", p_brand=brand_id)
    return answer


def coverage_ads(
    db: Database, run_id: str, awareness: str, ad_format: str, *, limit: int = 24, offset: int = 0
) -> dict[str, Any]:
    """`{total, ads}` that an analysis judged and that have these labels now, "" for none; highest spend first.

    An ad has `ad_id, ad_name, spend, conversions, cpa, cpa_low, cpa_high, verdict, reason, probability`.
    """
    answer: dict[str, Any] = db.call(
        "coverage_ads", p_run=run_id, p_awareness=awareness, p_format=ad_format, p_limit=limit, p_offset=offset
    )
    return answer


def stored(db: Database, brand_id: str, config_hash: str, data_version: int) -> dict[str, Any] | None:
    """The completed run with this configuration over these very rows, unless its scope has a newer one."""
    answer: dict[str, Any] | None = db.call(
        "stored_analysis", p_brand=brand_id, p_config_hash=config_hash, p_data_version=data_version
    )
    return answer


def save(
    db: Database,
    run: dict[str, Any],
    *,
    baselines: Sequence[dict[str, Any]],
    diagnostics: Sequence[dict[str, Any]],
    recommendations: Sequence[dict[str, Any]],
) -> str:
    """Stores a whole analysis in one transaction; the same run id twice changes nothing.

    The diagnostics are plain JSON: `{ad_id, diagnosis, verdict, probability, reason, detail}`. Their `detail` is stored
    with the row's own values in it.
    """
    return str(
        db.call(
            "store_analysis",
            p_run=run,
            p_baselines=baselines,
            p_diagnostics=to_json(diagnostics).decode(),
            p_recommendations=recommendations,
        )
    )


def first_deliveries(db: Database, brand_id: str, ad_ids: Sequence[str]) -> dict[str, date]:
    """The first stored day on which each of these ads was delivered; ads that never were are not in it."""
    answer: dict[str, str] = db.call("first_deliveries", p_brand=brand_id, p_ads=list(ad_ids))
    return {ad_id: date.fromisoformat(day) for ad_id, day in answer.items()}


def stored_scorecard(db: Database, brand_id: str, config_hash: str, data_version: int) -> dict[str, Any] | None:
    """`{id, summary}` of the scorecard with this configuration over these very rows."""
    where = {
        "brand_id": brand_id,
        "goal": "scorecard",
        "status": "completed",
        "config_hash": config_hash,
        "data_version": data_version,
    }
    found = db.newest("ad_intelligence_runs", columns="id,summary", where=where, order="started_at", limit=1)
    return found[0] if found else None


def save_scorecard(db: Database, run: dict[str, Any]) -> str:
    """Stores a scorecard and gives its id; that of an earlier one which answered the same question over these rows."""
    return str(db.call("save_scorecard", p_run=run))


def scorecard(db: Database, run_id: str) -> dict[str, Any] | None:
    """One stored run when it is a scorecard that is visible, else None."""
    rows = db.rows("ad_intelligence_runs", where={"id": run_id, "goal": "scorecard"})
    return rows[0] if rows else None


def run(db: Database, run_id: str) -> dict[str, Any]:
    """One stored run; NotFound when it is not visible."""
    rows = db.rows("ad_intelligence_runs", where={"id": run_id})
    if not rows:
        raise NotFound(f"There is no analysis {run_id}.")
    return rows[0]
