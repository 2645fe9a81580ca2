"""Brings an ad account's objects and daily numbers into the store.

Every day of every ad is either what Meta reports or a visible gap: a stretch of days that fails is recorded and named
in the report, and the other stretches go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from viraltracker.errors import BadInput, NeedsReauth, RateLimited, Refused, Unavailable
from viraltracker.meta import creative_fields, insights, structure
from viraltracker.meta.client import GraphClient
from viraltracker.store import accounts, ad_data
from viraltracker.store.accounts import AdAccount
from viraltracker.store.client import Database

RESTATED_DAYS = 28
"""Meta restates numbers for this long; older days that were read at this age or later are frozen."""

CHUNK_DAYS = 7

_MONEY = ("spend", "purchase_value", "results")
_LARGEST_AMOUNT = Decimal(10) ** 12

Progress = Callable[[int, int, str], None]


@dataclass
class SyncReport:
    """What a sync did. `gaps` are days that were asked for and did not come, or not whole, with the reason."""

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

    def gap(self, reason: str) -> dict[str, str]:
        """These days as `SyncReport.gaps` has them."""
        return {"from": self.since.isoformat(), "to": self.until.isoformat(), "reason": reason}


@dataclass
class Usable:
    """The rows of a stretch that can be stored, and the days with a row that cannot, each with the reasons."""

    rows: list[dict[str, object]] = field(default_factory=list)
    left_out: dict[Stretch, list[str]] = field(default_factory=dict)

    @property
    def gaps(self) -> list[dict[str, str]]:
        """One per day: the first reason, and how many more rows were left out."""
        return [
            days.gap(reasons[0] + (f" ({len(reasons) - 1} more rows of this day)" if len(reasons) > 1 else ""))
            for days, reasons in self.left_out.items()
        ]


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
    unread: list[str] = []
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
            usable = usable_rows(raw, account, stretch, reported=reported, today=report.date_to)
            if raw and not usable.rows:
                raise BadInput(usable.gaps[0]["reason"])
            written = ad_data.apply_insights_chunk(
                db,
                account,
                stretch.since,
                stretch.until,
                usable.rows,
                # What is stored of an ad whose row cannot be used stays until one comes that can.
                whole=not usable.left_out,
                error="; ".join(gap["reason"] for gap in usable.gaps) or None,
            )
        except (NeedsReauth, RateLimited):
            raise
        except (BadInput, Refused, Unavailable) as error:
            ad_data.fail_chunk(db, account, stretch.since, stretch.until, error.message)
            report.gaps.append(stretch.gap(error.message))
            unread.append(error.message)
            continue
        report.gaps += usable.gaps
        report.rows += written["written"]
        report.cleared += written["cleared"]
    if stretches and len(unread) == len(stretches):
        reason = unread[0]
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


def usable_rows(
    raw: Sequence[Mapping[str, object]], account: AdAccount, stretch: Stretch, *, reported: frozenset[str], today: date
) -> Usable:
    """The rows of a stretch as columns of `ad_performance_daily`; one that cannot be stored costs itself alone."""
    usable = Usable()
    found: dict[tuple[object, date], dict[str, object] | None] = {}
    for given in raw:
        days = _days_of(given, stretch)
        try:
            row = insights.normalise(given, account_reports=reported)
            _require_storable(row, account, days)
        except BadInput as error:
            usable.left_out.setdefault(days, []).append(error.message)
            continue
        row |= {"account_id": account.account_id, "is_partial": days.since == today, "currency": account.currency}
        key = (row["ad_id"], days.since)
        # A row that moved between two pages comes twice alike; of two that differ nobody knows the right one.
        if found.setdefault(key, row) not in (None, row):
            found[key] = None
            usable.left_out.setdefault(days, []).append(f"Meta sent ad {key[0]} twice with different numbers.")
    usable.rows = [row for row in found.values() if row is not None]
    return usable


def _days_of(given: Mapping[str, object], stretch: Stretch) -> Stretch:
    """The day of a row, or the whole stretch where it names no day of it."""
    try:
        day = date.fromisoformat(str(given.get("date_start")))
    except ValueError:
        return stretch
    return Stretch(day, day) if stretch.since <= day <= stretch.until else stretch


def _require_storable(row: Mapping[str, object], account: AdAccount, days: Stretch) -> None:
    """Raises BadInput for what the table would refuse, since that would cost every row beside it."""
    ad = f"Meta sent a row of ad {row['ad_id']}"
    if row["date"] != days.since:
        raise BadInput(f"{ad} outside the days that were asked for.")
    if row["account_id"] not in (None, account.account_id):
        raise BadInput(f"{ad} that belongs to another account.")
    if row["currency"] not in (None, account.currency):
        raise BadInput(f"{ad} in {row['currency']}, while the account counts in {account.currency}.")
    for name in _MONEY:
        amount = row[name]
        if isinstance(amount, Decimal) and abs(amount) >= _LARGEST_AMOUNT:
            raise BadInput(f"{ad} with {amount} as {name}.")


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
