"""Ads, their daily numbers and their media, as the sync writes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from viraltracker.store.accounts import AdAccount
from viraltracker.store.client import Database

ASSET_TRIES = 3
"""How often media that failed is fetched again before it counts as lost."""


@dataclass(frozen=True)
class WantedAsset:
    """A picture (`source_key` is Meta's image hash) or video (its id) not stored yet, with the ads that show it."""

    source_key: str
    ad_ids: tuple[str, ...]
    tries: int


def apply_insights_chunk(
    db: Database,
    account: AdAccount,
    since: date,
    until: date,
    rows: Sequence[dict[str, Any]],
    *,
    whole: bool,
    error: str | None = None,
) -> dict[str, int]:
    """Stores one chunk of daily rows in a transaction; `{written, cleared}`.

    Rows have the columns of `ad_performance_daily` without brand and account. `whole` says that the answer came to its
    end, so rows of these days that are not in it are cleared. With an `error` the days stay a visible gap beside the
    rows that came. Raises BadInput for a row outside the days, an ad twice on a day or another currency.
    """
    answer: dict[str, int] = db.call(
        "apply_insights_chunk",
        p_brand=account.brand_id,
        p_account=account.account_id,
        p_from=since,
        p_to=until,
        p_rows=rows,
        p_whole=whole,
        p_error=error,
    )
    return answer


def fail_chunk(db: Database, account: AdAccount, since: date, until: date, error: str) -> None:
    """Leaves a visible gap: these days were asked for and did not come."""
    row = {
        "brand_id": account.brand_id,
        "account_id": account.account_id,
        "date_from": since,
        "date_to": until,
        "status": "failed",
        "error": error,
        "attempted_at": "now()",
    }
    db.upsert("sync_chunks", row, on_conflict="brand_id,account_id,date_from,date_to")


def settle_absent_actions(db: Database, account: AdAccount, since: date, until: date) -> None:
    """Makes an absent count 0 where the account reports that action anywhere in these days."""
    db.call(
        "settle_absent_actions",
        p_brand=account.brand_id,
        p_account=account.account_id,
        p_from=since,
        p_to=until,
    )


def fetched_days(db: Database, account: AdAccount, since: date, until: date) -> dict[date, datetime]:
    """When each day last came whole; days that never did are missing."""
    answer = db.call("fetched_days", p_brand=account.brand_id, p_account=account.account_id, p_from=since, p_to=until)
    return {date.fromisoformat(row["day"]): datetime.fromisoformat(row["fetched_at"]) for row in answer}


def apply_ads(
    db: Database,
    account: AdAccount,
    *,
    campaigns: Sequence[dict[str, Any]] = (),
    ad_sets: Sequence[dict[str, Any]] = (),
    ads: Sequence[dict[str, Any]] = (),
) -> None:
    """Stores what the account's objects say now, in one transaction."""
    db.call(
        "apply_ads",
        p_brand=account.brand_id,
        p_account=account.account_id,
        p_campaigns=campaigns,
        p_ad_sets=ad_sets,
        p_ads=ads,
    )


def unknown_ads(db: Database, account: AdAccount) -> list[str]:
    """Ids of ads with numbers that no listing of ads has shown."""
    answer: list[str] = db.call("unknown_ads", p_brand=account.brand_id, p_account=account.account_id)
    return answer


def assets_wanted(
    db: Database, account: AdAccount, kind: Literal["image", "video"], limit: int
) -> tuple[list[WantedAsset], int]:
    """At most `limit` pictures or videos to fetch, highest spend first, and how many are wanted in all."""
    answer = db.call(
        "assets_wanted",
        p_brand=account.brand_id,
        p_account=account.account_id,
        p_kind=kind,
        p_limit=limit,
        p_max_tries=ASSET_TRIES,
    )
    wanted = [WantedAsset(item["source_key"], tuple(item["ad_ids"]), item["tries"]) for item in answer["items"]]
    return wanted, int(answer["total"])


def save_assets(db: Database, account: AdAccount, rows: Sequence[dict[str, Any]]) -> None:
    """Stores the outcome of downloads: columns of `ad_assets`, one row per ad."""
    if rows:
        db.call("save_assets", p_brand=account.brand_id, p_rows=rows)


def pictures(db: Database, brand_id: str, ad_ids: Sequence[str]) -> dict[str, str]:
    """Where the picture of each of these ads is stored, by ad id; an ad without one is not in it."""
    answer: dict[str, str] = db.call("ad_pictures", p_brand=brand_id, p_ads=list(ad_ids))
    return answer
