"""Which rows an analysis reads: API rows first, else the finest import that reconciles. Never two of them added."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from viraltracker.intelligence import windows
from viraltracker.intelligence.windows import Window
from viraltracker.meta.ads_manager import choose as datasets
from viraltracker.meta.ads_manager.choose import DatasetFacts
from viraltracker.store import analyses
from viraltracker.store.client import Database


@dataclass(frozen=True)
class Source:
    """One source of rows. `last_day` is the last full day it has, None when it has none at all.

    For an import, `dataset` is the `import_datasets` row. `others` names what was left aside, with the reason.
    """

    kind: Literal["api", "import"]
    currency: str
    timezone: str = "UTC"
    last_day: date | None = None
    dataset: dict[str, Any] | None = None
    others: tuple[dict[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def daily(self) -> bool:
        """Whether it has a row per day."""
        return self.dataset is None or bool(self.dataset["daily"])

    @property
    def period(self) -> Window | None:
        """The days of an import."""
        if self.dataset is None:
            return None
        first, last = self.dataset["date_from"], self.dataset["date_to"]
        return windows.window_between(date.fromisoformat(first), date.fromisoformat(last))

    @property
    def dataset_id(self) -> str | None:
        """The import's id."""
        return self.dataset["id"] if self.dataset else None

    def today(self, now: datetime) -> date:
        """The account's own calendar day."""
        return now.astimezone(ZoneInfo(self.timezone)).date()


def choose(db: Database, brand_id: str) -> Source:
    """The source of a brand, in one round trip."""
    return from_context(analyses.context(db, brand_id))


def from_context(context: dict[str, Any]) -> Source:
    """The source out of what `analyses.context` gave."""
    accounts = [account for account in context["accounts"] if account["first_day"]]
    if accounts:
        return _api(context, accounts)
    if context["datasets"]:
        return _import(context["datasets"])
    currency = context["brand"]["currency"] or "USD"
    return Source("api", currency, notes=_connected(context["accounts"]))


def _connected(accounts: list[dict[str, Any]]) -> tuple[str, ...]:
    if accounts:
        return ("The connected ad account has no numbers yet: run a sync.",)
    return ("Nothing is connected yet: connect an ad account, load the demo, or import an Ads Manager export.",)


def _api(context: dict[str, Any], accounts: list[dict[str, Any]]) -> Source:
    first = accounts[0]
    notes = []
    apart = [account["account_id"] for account in accounts if account["currency"] != first["currency"]]
    if apart:
        notes.append(f"Not added up, because in another currency than {first['currency']}: {', '.join(apart)}.")
    notes += [
        f"{account['account_id']}: {account['status_reason'] or account['status']}"
        for account in context["accounts"]
        if account["status"] != "active"
    ]
    notes += [
        f"The last sync of {status['account_id']} left gaps: {status['last_error']}"
        for status in context["status"]
        if status["dataset"] == "insights" and status["last_error"]
    ]
    others = tuple(
        {"file": row["file_name"], "reason": "rows from the API win over an import"} for row in context["datasets"]
    )
    last_day, late = _last_day([account for account in accounts if account["currency"] == first["currency"]])
    notes += late
    return Source(
        "api",
        first["currency"],
        timezone=first["timezone"] or "UTC",
        last_day=last_day,
        others=others,
        notes=tuple(notes),
    )


def _last_day(accounts: list[dict[str, Any]]) -> tuple[date | None, list[str]]:
    """The last full day that every account still fetched has, and which accounts end at another day.

    A day that an account has not fetched is unknown, not without delivery. One that came without delivery counts.
    """
    ends = {account["account_id"]: _day(account["last_full_day"]) for account in accounts}
    going = [account for account in accounts if account["status"] == "active" and account["last_full_day"]]
    going = going or [account for account in accounts if account["last_full_day"]]
    if not going:
        return None, []
    fetched = {
        account["account_id"]: max(ends[account["account_id"]], _day(account["fetched_to"])) for account in going
    }
    delivered = max(ends[account["account_id"]] for account in going)
    last_day = min(delivered, *fetched.values())
    notes = [
        f"{account_id} is fetched up to {day} only, so the window ends no later."
        for account_id, day in fetched.items()
        if day < delivered
    ]
    notes += [
        f"The numbers of {account_id} end on {day}."
        for account_id, day in ends.items()
        if account_id not in fetched and date.min < day < last_day
    ]
    return last_day, notes


def _day(value: str | None) -> date:
    return date.fromisoformat(value) if value else date.min


def _import(rows: list[dict[str, Any]]) -> Source:
    by_id = {row["id"]: row for row in rows}
    choice = datasets.choose_among_accounts([_facts(row) for row in rows])
    chosen = by_id[choice.chosen.id]
    others = [{"file": other.dataset.file_name, "reason": other.reason} for other in choice.others]
    return Source(
        "import",
        chosen["currency"],
        last_day=date.fromisoformat(chosen["date_to"]),
        dataset=chosen,
        others=tuple(others),
    )


def _facts(row: dict[str, Any]) -> DatasetFacts:
    return DatasetFacts(
        id=row["id"],
        file_name=row["file_name"],
        level=row["level"],
        daily=row["daily"],
        date_from=date.fromisoformat(row["date_from"]),
        date_to=date.fromisoformat(row["date_to"]),
        ad_keys=row["ad_keys"],
        has_text=row["has_text"],
        metrics=frozenset(row["metrics"]),
        reconciles=row["reconciles"],
        imported_at=datetime.fromisoformat(row["imported_at"]),
        spend=Decimal(str(row["spend"])) if row["spend"] is not None else None,
        impressions=row["impressions"],
        currency=row["currency"],
        account_id=row["account_id"],
        account_name=row["account_name"],
    )
