"""Where a brand's numbers come from, and how far they can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import streamlit as st

from viraltracker.analysis import sources
from viraltracker.analysis.sources import Source
from viraltracker.store import analyses, freshness
from viraltracker.store.client import Database
from viraltracker.web import times, words

Json = dict[str, Any]

GAPS_SHOWN: Final = 30
ORIGINS: Final = {"meta": "Meta", "demo": "Demo"}
STATUSES: Final = {
    "active": ("Connected", "good"),
    "needs_reauth": ("Needs a new token", "bad"),
    "unreachable": ("Out of reach", "bad"),
}
DATASETS: Final = {
    "insights": "Daily numbers",
    "ads": "Ads and creatives",
    "assets": "Pictures and videos",
    "classification": "Classification",
    "analysis": "Analysis",
}
CONTENT: Final = {True: "adds up to its totals row", False: "does not add up to its totals row", None: "no totals row"}


@dataclass(frozen=True)
class Trust:
    """All that the page tells of one brand, as it is stored."""

    context: Json
    source: Source
    gaps: list[Json]
    analysis: Json | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever connected or imported."""
        return not self.context["accounts"] and not self.context["datasets"]


def read(db: Database, brand_id: str, analysis: Json | None) -> Trust:
    """The brand's data in two round trips; `analysis` is its newest one."""
    context = analyses.context(db, brand_id)
    return Trust(
        context=context,
        source=sources.from_context(context),
        gaps=freshness.gaps(db, brand_id),
        analysis=analysis,
    )


def in_short(trust: Trust) -> str:
    """What an analysis reads, in a sentence."""
    source = trust.source
    if source.last_day is None:
        return " ".join(source.notes)
    until = words.day(source.last_day)
    if source.kind == "api":
        accounts = sum(bool(account["first_day"]) for account in trust.context["accounts"])
        named = "the connected ad account" if accounts == 1 else f"{accounts} connected ad accounts"
        return f"Analyses read the daily numbers of {named}, in {source.currency}, up to {until}."
    file = source.dataset["file_name"] if source.dataset else ""
    return f"Analyses read {file}, in {source.currency}, up to {until}."


def draw_accounts(trust: Trust, zone: str, now: datetime) -> None:
    """The ad accounts: whose numbers, in which currency and zone, and when they last came."""
    accounts = trust.context["accounts"]
    if not accounts:
        st.html('<p class="vt-more">No ad account is connected. An imported file needs none.</p>')
        return
    rows = []
    for account in accounts:
        status = _insights(trust, account["account_id"])
        name = account["name"] or account["account_id"]
        error = account["status_reason"] or (status or {}).get("last_error") or ""
        explained = f"<small class='wrap'>{words.html(error)}</small>" if error else ""
        days = "none yet"
        if account["first_day"]:
            window = words.window(account["first_day"], account["last_full_day"] or account["first_day"])
            days = f"{window}<small>{account['days']:,} days</small>"
        rows.append(
            (
                f"<b>{words.html(name)}</b><small>{words.html(account['account_id'])}</small>",
                f"{ORIGINS[account['source']]}<small>{words.html(account['currency'] or '–')}"
                f" · {words.html(account['timezone'] or '–')}</small>",
                days,
                _moment(status, "last_success_at", zone, now),
                _moment(status, "last_attempt_at", zone, now),
                _tag(*STATUSES[account["status"]]) + explained,
            )
        )
    table("Ad accounts", ("Account", "Source", "Numbers of", "Last success", "Last attempt", "State"), rows)


def draw_datasets(trust: Trust, zone: str, now: datetime) -> None:
    """The imported files: which one is read, which are not, and why."""
    reasons: dict[str, list[str]] = {}
    for other in trust.source.others:
        reasons.setdefault(other["file"], []).append(other["reason"])
    rows = []
    for dataset in sorted(trust.context["datasets"], key=lambda found: str(found["imported_at"]), reverse=True):
        is_read = dataset["id"] == trust.source.dataset_id
        waiting = reasons.get(dataset["file_name"], [])
        why = "" if is_read or not waiting else waiting.pop(0)
        spend = words.money(None if dataset["spend"] is None else float(dataset["spend"]), dataset["currency"])
        rows.append(
            (
                f"<b>{words.html(dataset['file_name'])}</b>"
                f"<small>imported {times.span(dataset['imported_at'], zone, now)}</small>",
                f"{words.window(dataset['date_from'], dataset['date_to'])}"
                f"<small>{'by day' if dataset['daily'] else 'totals of the period'}</small>",
                f"{dataset['records']:,}<small>{dataset['ad_keys']:,} ads</small>",
                f"{spend}<small>{CONTENT[dataset['reconciles']]}</small>",
                _tag("Read", "good") if is_read else f"{_tag('Not read', 'quiet')}<small>{words.html(why)}</small>",
            )
        )
    table("Imported files", ("File", "Period", "Rows", "Spend", "In analyses"), rows)


def draw_freshness(trust: Trust, zone: str, now: datetime) -> None:
    """Each dataset's last success, apart from its last attempt."""
    order = list(DATASETS)
    found = sorted(trust.context["status"], key=lambda row: (row["account_id"], order.index(row["dataset"])))
    rows = [
        (
            f"{DATASETS[row['dataset']]}<small>{words.html(row['account_id'])}</small>",
            _moment(row, "last_success_at", zone, now),
            _moment(row, "last_attempt_at", zone, now),
            words.html(row["last_error"] or "") or _tag("Complete", "good"),
        )
        for row in found
    ]
    table("Freshness", ("What", "Last success", "Last attempt", "State"), rows)


def draw_gaps(gaps: Sequence[Json], zone: str, now: datetime) -> None:
    """Days that were asked for and did not come."""
    if not gaps:
        st.html(f'<p class="vt-more">{_tag("None", "good")} Every day that was asked for has come.</p>')
        return
    missing = len({day for gap in gaps for day in days_of(gap)})
    st.warning(
        f"{missing:,} {'day is' if missing == 1 else 'days are'} missing. The next sync asks for them again.",
        icon=":material/event_busy:",
    )
    rows = [
        (
            words.window(gap["date_from"], gap["date_to"]),
            words.html(gap["account_id"]),
            times.span(gap["attempted_at"], zone, now),
            words.html(gap["error"] or "no reason was given"),
        )
        for gap in gaps[:GAPS_SHOWN]
    ]
    table("Gaps", ("Days", "Account", "Last asked", "What Meta said"), rows)
    if len(gaps) > GAPS_SHOWN:
        st.html(f'<p class="vt-more">and {len(gaps) - GAPS_SHOWN:,} more</p>')


def days_of(gap: Json) -> list[date]:
    """The days of a stretch."""
    first, last = date.fromisoformat(gap["date_from"]), date.fromisoformat(gap["date_to"])
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _insights(trust: Trust, account_id: str) -> Json | None:
    return next(
        (row for row in trust.context["status"] if row["account_id"] == account_id and row["dataset"] == "insights"),
        None,
    )


def _moment(row: Json | None, name: str, zone: str, now: datetime) -> str:
    if row is None or not row[name]:
        return "never"
    said = f'<span title="{times.utc(row[name])}">{words.ago(row[name], now)}</span>'
    return f"{said}<small>{times.local(row[name], zone, now)}</small>"


def _tag(label: str, tone: str) -> str:
    return f'<span class="vt-tag {tone}">{words.html(label)}</span>'


def table(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table by its name; cells are HTML."""
    titles = "".join(f'<th scope="col">{words.html(title)}</th>' for title in head)
    body = "".join("<tr>" + "".join(f"<td class='wide'>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    st.html(
        f'<div class="vt-scroll"><table class="vt-table" aria-label="{words.html(name)}">'
        f"<tr>{titles}</tr>{body}</table></div>"
    )
