"""Brings an ad account's objects and daily numbers into the store.

Every day of every ad is either what Meta reports or a visible gap: a stretch of days that fails is recorded and named
in the report, and the other stretches go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from viraltracker.errors import NeedsReauth, RateLimited, Refused, Unavailable
from viraltracker.meta import creative_fields, insights, structure
from viraltracker.meta.client import GraphClient
from viraltracker.store import accounts, ad_data
from viraltracker.store.accounts import AdAccount
from viraltracker.store.client import Database

RESTATED_DAYS = 28
"""Meta restates numbers for this long; older days that were read at this age or later are frozen."""

CHUNK_DAYS = 7

Progress = Callable[[int, int, str], None]


@dataclass
class SyncReport:
    """What a sync did. `gaps` are days that were asked for and did not come, with the reason."""

    account_id: str
    date_from: date
    date_to: date
    ads: int = 0
    rows: int = 0
    cleared: int = 0
    unreachable_ads: int = 0
    gaps: list[dict[str, str]] = field(default_factory=list)
    dropped_fields: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, object]:
        """JSON, with `status` ok or partial."""
        return {
            "account_id": self.account_id,
            "status": "partial" if self.gaps else "ok",
            "window": {"from": self.date_from.isoformat(), "to": self.date_to.isoformat()},
            "ads": self.ads,
            "rows": self.rows,
            "cleared": self.cleared,
            "unreachable_ads": self.unreachable_ads,
            "gaps": self.gaps,
            "dropped_fields": self.dropped_fields,
        }


@dataclass(frozen=True)
class Stretch:
    """Days fetched in one go, both ends included."""

    since: date
    until: date


def sync_account(
    db: Database, account: AdAccount, graph: GraphClient, *, days_back: int, now: datetime, progress: Progress
) -> SyncReport:
    """Reads `days_back` days up to and including the account's today.

    Raises NeedsReauth (the account is marked) and RateLimited (try when Meta allows it), Unavailable when not one
    stretch of days came.
    """
    try:
        account = _refresh_account(db, account, graph)
        today = now.astimezone(ZoneInfo(account.timezone or "UTC")).date()
        report = SyncReport(account.account_id, today - timedelta(days=days_back - 1), today)
        _sync_objects(db, account, graph, report, progress)
        _sync_insights(db, account, graph, report, progress)
        _sync_unlisted_ads(db, account, graph, report)
    except NeedsReauth as error:
        accounts.update(db, account, status="needs_reauth", status_reason=error.message)
        accounts.note_dataset(db, account, "insights", error.message)
        raise
    report.dropped_fields = sorted(graph.dropped_fields)
    return report


def _refresh_account(db: Database, account: AdAccount, graph: GraphClient) -> AdAccount:
    seen = graph.account(account.account_id)
    fresh = AdAccount(
        brand_id=account.brand_id,
        account_id=account.account_id,
        source=account.source,
        currency=str(seen["currency"]),
        timezone=str(seen["timezone_name"]),
        status="active",
        access_token=account.access_token,
    )
    accounts.update(
        db,
        account,
        name=str(seen.get("name") or account.account_id)[:200],
        currency=fresh.currency,
        timezone=fresh.timezone,
        status="active",
        status_reason=None,
    )
    return fresh


def _sync_objects(db: Database, account: AdAccount, graph: GraphClient, report: SyncReport, progress: Progress) -> None:
    progress(0, 1, "campaigns and ad sets")
    campaigns = [structure.campaign_columns(row) for page in graph.campaigns(account.account_id) for row in page]
    ad_sets = [structure.ad_set_columns(row) for page in graph.ad_sets(account.account_id) for row in page]
    ad_data.apply_ads(db, account, campaigns=campaigns, ad_sets=ad_sets)
    pending: list[dict[str, object]] = []
    for page in graph.ads(account.account_id):
        pending += [creative_fields.resolve(row) for row in page]
        report.ads += len(page)
        progress(report.ads, report.ads, "ads and creatives")
        if len(pending) >= 1000:
            ad_data.apply_ads(db, account, ads=pending)
            pending = []
    ad_data.apply_ads(db, account, ads=pending)
    accounts.note_dataset(db, account, "ads")


def _sync_insights(
    db: Database, account: AdAccount, graph: GraphClient, report: SyncReport, progress: Progress
) -> None:
    zone = ZoneInfo(account.timezone or "UTC")
    fetched = ad_data.fetched_days(db, account, report.date_from, report.date_to)
    frozen = {
        day
        for day, moment in fetched.items()
        if report.date_to - day >= timedelta(days=RESTATED_DAYS)
        and moment.astimezone(zone).date() - day >= timedelta(days=RESTATED_DAYS)
    }
    stretches = plan_stretches(report.date_from, report.date_to, frozen)
    reported: frozenset[str] = frozenset()
    for done, stretch in enumerate(stretches):
        progress(done, len(stretches), f"numbers of {stretch.since} to {stretch.until}")
        if graph.usage.park:
            raise RateLimited(
                "Meta's limit for this account is nearly used up; the sync goes on when there is room again.",
                retry_after=timedelta(minutes=graph.usage.regain_minutes or 10),
            )
        try:
            pages = graph.insights(account.account_id, stretch.since, stretch.until)
            raw = [row for page in pages for row in page]
            reported |= insights.reported_actions(raw)
            rows = [insights.normalise(row, account_reports=reported) for row in raw]
            for row in rows:
                row["is_partial"] = row["date"] == report.date_to
                row["currency"] = row["currency"] or account.currency
            written = ad_data.apply_insights_chunk(db, account, stretch.since, stretch.until, rows, whole=True)
        except (NeedsReauth, RateLimited):
            raise
        except (Refused, Unavailable) as error:
            ad_data.fail_chunk(db, account, stretch.since, stretch.until, error.message)
            report.gaps.append(
                {"from": stretch.since.isoformat(), "to": stretch.until.isoformat(), "reason": error.message}
            )
            continue
        report.rows += written["written"]
        report.cleared += written["cleared"]
    if stretches and len(report.gaps) == len(stretches):
        reason = report.gaps[0]["reason"]
        accounts.note_dataset(db, account, "insights", reason)
        raise Unavailable(f"None of the days could be read from Meta: {reason}")
    ad_data.settle_absent_actions(db, account, report.date_from, report.date_to)
    accounts.snapshot_days(db, account, since=report.date_from, seen_on=report.date_to)
    gaps = "; ".join(f"{gap['from']} to {gap['to']}: {gap['reason']}" for gap in report.gaps)
    accounts.note_dataset(db, account, "insights", gaps or None)
    progress(len(stretches), len(stretches), "numbers")


def _sync_unlisted_ads(db: Database, account: AdAccount, graph: GraphClient, report: SyncReport) -> None:
    missing = ad_data.unknown_ads(db, account)
    if not missing:
        return
    answer = graph.ads_by_id(missing)
    ad_data.apply_ads(db, account, ads=[creative_fields.resolve(row) for row in answer.ads])
    report.ads += len(answer.ads)
    report.unreachable_ads = len(answer.unreachable)


def plan_stretches(since: date, until: date, frozen: set[date]) -> list[Stretch]:
    """The days to fetch, newest first, in runs of neighbours of at most CHUNK_DAYS."""
    days = [until - timedelta(days=back) for back in range((until - since).days + 1)]
    wanted: Sequence[date] = [day for day in days if day not in frozen]
    stretches: list[Stretch] = []
    for day in wanted:
        last = stretches[-1] if stretches else None
        if last is not None and last.since - day == timedelta(days=1) and (last.until - day).days < CHUNK_DAYS:
            stretches[-1] = Stretch(day, last.until)
        else:
            stretches.append(Stretch(day, day))
    return stretches
