"""How far the labels reach: the spend they cover, what was not read and why, what models cost, and who agrees."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import streamlit as st

from viraltracker.creatives import in_words
from viraltracker.errors import BadInput, ViralTrackerError
from viraltracker.store import freshness, readings
from viraltracker.store.client import Database
from viraltracker.web import labels_view, states, times, words
from viraltracker.web.data_view import Trust, table

Json = dict[str, Any]

DAYS: Final = 30
HIGHEST_BUDGET: Final = Decimal(1_000_000)
TONES: Final[Mapping[str, str]] = {
    "human": "person",
    "rules": "rules",
    "gemini": "gemini",
    "claude": "claude",
    "sandbox": "demo",
}
"""The class of each kind of reader in the style sheet, where it has a pattern of its own."""
NAMED: Final = 0.08
"""The smallest part of the bar that has room for a name."""
MODES: Final[Mapping[bool, str]] = {False: "at once", True: "in batches"}
BATCHES: Final[Mapping[str, str]] = {"submitting": "being handed over", "submitted": "waits for its answers"}
DOUBTFUL: Final = (
    "People mostly check labels from the queue of doubtful ones, so this is lower than it would be over all labels."
)
_AMOUNT: Final = re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d{1,9})(?:\.\d{1,2})?", re.ASCII)


@dataclass(frozen=True)
class Reach:
    """What the panels show of one brand. `coverage` is None without days (see `readings.coverage`)."""

    run: Json | None
    coverage: Json | None
    first: str
    last: str
    currency: str
    costs: Json
    agreement: list[Json]


def read(db: Database, brand_id: str, trust: Trust) -> Reach:
    """Everything in four round trips; coverage of the last 30 days with data, of an account alone."""
    last = trust.source.last_day if trust.source.kind == "api" else None
    first = None if last is None else last - timedelta(days=DAYS - 1)
    return Reach(
        run=freshness.newest_classification(db, brand_id),
        coverage=None if first is None or last is None else readings.coverage(db, brand_id, since=first, until=last),
        first=str(first),
        last=str(last),
        currency=trust.source.currency,
        costs=readings.costs(db, brand_id),
        agreement=readings.agreement(db, brand_id),
    )


def draw(reach: Reach, trust: Trust, db: Database, brand_id: str, now: datetime, *, may_write: bool) -> None:
    """All panels; the form of the budget for whoever may change it."""
    if reach.coverage is not None:
        draw_coverage(reach)
    elif trust.analysis is not None:
        draw_covered(trust.analysis)
    if reach.run is None:
        states.empty(
            "Not classified yet",
            "A classification reads awareness, format, hook and angle of every creative. Start one in Ad Scheduler.",
            icon=":material/label:",
        )
    else:
        st.html(f'<p class="vt-lead">{words.html(classified(reach.run, now))}</p>')
    draw_costs(reach.costs, now)
    if may_write:
        draw_budget(db, brand_id, reach.costs)
    draw_agreement(reach.agreement)


def draw_coverage(reach: Reach) -> None:
    """How much of the spend has a stage, and whose, as a bar and a table."""
    found = reach.coverage
    if found is None:
        return
    currency = found["currency"] or reach.currency
    shares = [share(row, found) for row in found["by"]]
    counted = [
        ("Spend covered", covered_share(found)),
        ("Ads covered", f"{sum(row['ads'] for row in found['by'] if row['classifier']):,} of {found['ads']:,}"),
        ("Spend not read", words.money(_spend(found, read=False), currency)),
    ]
    for column, (label, value) in zip(st.columns(len(counted)), counted, strict=True):
        column.metric(label, value, border=True)
    window = words.window(reach.first, reach.last)
    said = f"{in_sentence(found)} By spend, {window}.{left_out(found)}"
    st.html(f'<p class="vt-more">{words.html(said)}</p>')
    if not found["by"]:
        return
    st.html(bar(found))
    rows = [
        (
            f'<i class="vt-key {tone(row["classifier"])}" aria-hidden="true"></i>'
            + words.html(reader(row["classifier"])),
            words.money(float(row["spend"] or 0), currency),
            "–" if part is None else words.part(part, digits=1),
            f"{row['ads']:,}",
        )
        for row, part in zip(found["by"], shares, strict=True)
    ]
    table("Coverage by reader", ("Who gave the stage", "Spend", "Share", "Ads"), rows)


def left_out(found: Json) -> str:
    """Which currencies are in no sum, as a sentence after others; nothing where all is in one."""
    others = found["left_out"]
    if not others:
        return ""
    return f" Only spend in {found['currency']} is counted; {', '.join(others)} cannot be added and is left out."


def reader(classifier: str | None) -> str:
    """Who read it, with a capital; nobody where no row gives a stage."""
    return "Not read, or unclear" if classifier is None else in_words.capital(in_words.classifier(classifier))


def share(row: Json, found: Json) -> float | None:
    """A reader's part of the spend; None where nothing was spent."""
    return float(row["spend"] or 0) / float(found["spend"]) if found["spend"] else None


def covered_share(found: Json) -> str:
    """The part of the spend that has a stage."""
    return words.part(_spend(found, read=True) / float(found["spend"])) if found["spend"] else "–"


def _spend(found: Json, *, read: bool) -> float:
    return sum((float(row["spend"] or 0) for row in found["by"] if (row["classifier"] is not None) == read), 0.0)


def in_sentence(found: Json) -> str:
    """As in "83 % of spend is covered: Gemini 61 %, rules 22 %; 17 % not read."."""
    if not found["spend"]:
        return "Nothing was spent in these days, so there is nothing to cover."
    parts = ", ".join(
        f"{in_words.in_short(row['classifier'])} {words.part(share(row, found) or 0)}"
        for row in found["by"]
        if row["classifier"] is not None
    )
    said = f"{covered_share(found)} of spend is covered{f': {parts}' if parts else ''}"
    left = _spend(found, read=False) / float(found["spend"])
    return f"{said}; {words.part(left)} not read." if left > 0 else f"{said}."


def tone(classifier: str | None) -> str:
    """A class of the style sheet: each model, rules, people, demo readings and nobody look different."""
    if classifier is None:
        return "nobody"
    return TONES.get(classifier.partition("@")[0].partition(":")[0], "model")


def bar(found: Json) -> str:
    """HTML: the readers' parts of the spend side by side, each with its name where there is room."""
    parts = []
    for row in found["by"]:
        part = share(row, found) or 0.0
        said = words.html(f"{reader(row['classifier'])}: {words.part(part, digits=1)}")
        name = "not read" if row["classifier"] is None else in_words.in_short(row["classifier"])
        inside = f"<b>{words.html(in_words.capital(name))}</b>" if part >= NAMED else ""
        parts.append(
            f'<i class="{tone(row["classifier"])}" style="width:{part * 100:.2f}%" title="{said}">{inside}</i>'
        )
    label = words.html(in_sentence(found))
    return f'<div class="vt-cover" role="img" aria-label="{label}">{"".join(parts)}</div>'


def draw_covered(analysis: Json) -> None:
    """What the newest analysis of an imported file found labels for."""
    covered = analysis["summary"].get("classified")
    if not covered:
        return
    missing, currency = covered["ads_missing"], analysis["summary"]["currency"]
    counted = [
        ("Spend covered", "–" if covered["spend_share"] is None else words.part(covered["spend_share"], digits=1)),
        ("Ads covered", f"{covered['ads']:,} of {covered['ads'] + missing:,}"),
        ("Spend not covered", words.money(covered["spend_missing"], currency)),
    ]
    for column, (label, value) in zip(st.columns(len(counted)), counted, strict=True):
        column.metric(label, value, border=True)
    window = words.window(analysis["date_from"], analysis["date_to"])
    st.html(f'<p class="vt-more">Of the newest analysis, {window}.</p>')


def classified(run: Json, now: datetime) -> str:
    """What the newest classification did, in sentences."""
    if run["status"] != "completed":
        return f"The newest classification did not succeed, {words.ago(run['finished_at'], now)}: {run['error']}"
    counts = run["summary"]
    by = in_words.classifier(counts["classifier"])
    by = f"{by}s" if by == in_words.DEMO else by
    said = (
        f"The newest classification, {words.ago(run['finished_at'], now)} by {by}, looked at "
        f"{words.counted(counts['ads'], 'ad')}: {words.counted(counts['new'], 'new reading')}, "
        f"{counts['reused']:,} known before."
    )
    for reason, count in sorted(counts["reasons"].items(), key=lambda item: -item[1]):
        said += f" {count:,} {in_words.reason(reason, count)}."
    if counts["remaining"]:
        said += f" {words.counted(counts['remaining'], 'is', 'are')} left for the next run."
    return said


def draw_costs(costs: Json, now: datetime) -> None:
    """What models have cost by month, how much of the month's budget is used, and what is out."""
    st.html(f'<p class="vt-lead">{words.html(used(costs))}</p>')
    batches = costs["open_batches"]
    for batch in batches:
        said = (
            f"A batch of {batch['items']:,} for {in_words.classifier(batch['classifier'])} "
            f"{BATCHES.get(batch['state'], batch['state'])}, since {words.ago(batch['created_at'], now)}."
        )
        st.html(f'<p class="vt-more" title="{times.utc(batch["created_at"])}">{words.html(said)}</p>')
    rows = [
        (
            f"{datetime.fromisoformat(row['month']):%B %Y}",
            words.html(model(row)),
            MODES[row["batch"]],
            f"{row['calls']:,}",
            f"{row['input_tokens']:,}<small>{row['output_tokens']:,} out</small>",
            dollars(row["cost_usd"]) + estimated(row),
        )
        for row in costs["months"]
    ]
    if rows:
        table("Model cost by month", ("Month (UTC)", "Model", "How", "Calls", "Tokens in", "Cost"), rows)


def model(row: Json) -> str:
    """Which model a row of costs is of."""
    return in_words.capital(in_words.classifier(f"{row['provider']}:{row['model']}"))


def estimated(row: Json) -> str:
    """HTML: the part of a cost that nobody knows exactly."""
    part = float(row["estimated_usd"] or 0)
    return f"<small>of it {dollars(part)} estimated</small>" if part > 0 else ""


def dollars(amount: Any) -> str:
    """US dollars; amounts under a cent keep what they are."""
    value = float(amount or 0)
    return f"${value:,.4f}" if 0 < value < 0.01 else f"${value:,.2f}"


def used(costs: Json) -> str:
    """How much of the month's budget is used, in sentences."""
    spent = sum(float(row["cost_usd"]) for row in costs["months"] if row["month"] == costs["month"])
    flying, limit = float(costs["in_flight_usd"] or 0), float(costs["budget_usd"])
    if not limit:
        return f"Models read nothing that costs: the budget is 0. This month they have cost {dollars(spent)}."
    part = words.part(spent / limit)
    said = f"This month models have cost {dollars(spent)} of a budget of {dollars(limit)} ({part})."
    if flying:
        said += f" Calls that are out may add {dollars(flying)}."
    if spent + flying >= limit:
        said += " It is spent: models read on next month, or with a higher budget."
    return said


def budget(typed: str) -> Decimal:
    """The amount that a person typed; BadInput, in a sentence, for anything else than dollars and cents."""
    plain = re.sub(r"^(?:US)?\$\s*|^USD\s*|\s*(?:USD|\$)$", "", typed.strip(), flags=re.IGNORECASE)
    if _AMOUNT.fullmatch(plain) is None:
        raise BadInput("Say the budget as US dollars a month, for example 50 or 49.99; 0 buys no readings.")
    amount = Decimal(plain.replace(",", ""))
    if amount > HIGHEST_BUDGET:
        raise BadInput("The budget may be at most $1,000,000 a month.")
    return amount


def draw_budget(db: Database, brand_id: str, costs: Json) -> None:
    """The form that changes the month's budget."""
    with st.expander("Change the monthly budget", icon=":material/savings:"):
        if said := st.session_state.pop(f"budget-said-{brand_id}", None):
            st.success(words.literal(said), icon=":material/check_circle:")
        now = f"{float(costs['budget_usd']):.2f}".removesuffix(".00")
        with st.form(f"budget-{brand_id}-{now}", border=False):
            typed = st.text_input(
                "US dollars a calendar month",
                value=now,
                max_chars=30,
                width=260,
                help="Once it is spent, models are not asked until the next month (UTC); rules go on at no cost.",
            )
            sent = st.form_submit_button("Set the budget", type="primary")
        if not sent:
            return
        try:
            amount = budget(typed)
            readings.set_budget(db, brand_id, amount)
        except ViralTrackerError as error:
            st.error(words.literal(error.message), icon=":material/error:")
            return
        st.session_state[f"budget-said-{brand_id}"] = f"The budget is {dollars(amount)} a month."
        st.rerun()


def draw_agreement(rows: Sequence[Json]) -> None:
    """How often people who looked gave the classifier's stage."""
    if not rows:
        st.html(
            '<p class="vt-more">No person has checked a stage that a reader gave. On the page Ads, one click says '
            "whether it is right; then this says how often people agree with each reader.</p>"
        )
        return
    st.html(f'<p class="vt-more">{DOUBTFUL}</p>')
    table(
        "Agreement of people",
        ("Reader", "Of", "Checked", "Same stage", "Same or next stage"),
        [
            (
                words.html(in_words.capital(in_words.classifier(row["classifier"]))),
                labels_view.READINGS[row["reading"]],
                f"{row['n']:,}",
                f"{row['same_stage']:,}<small>{words.part(row['same_stage'] / row['n'])}</small>",
                f"{row['near_stage']:,}<small>{words.part(row['near_stage'] / row['n'])}</small>",
            )
            for row in rows
        ],
    )
