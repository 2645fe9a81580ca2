"""What the ads made from a template did, as plain HTML: on its card in a line or two, and whole beside its picture."""

from __future__ import annotations

from viraltracker.intelligence.track_record import Factor, TrackRecord
from viraltracker.web import words

_STANDINGS = {"better": ("Better than average", "good"), "worse": ("Below average", "bad")}
_WINDOW = "The last 90 days with numbers, of all brands of the organisation."


def short(record: TrackRecord | None) -> str:
    """HTML for a card; nothing where no ad was made from the template."""
    if record is None:
        return ""
    if not record.ads:
        return f'<p class="made">{words.counted(record.made, "ad")} made, none at Meta yet</p>'
    tag = ""
    if record.results.standing != "open":
        said, tone = _STANDINGS[record.results.standing]
        tag = f' <span class="vt-tag {tone}" title="{words.html(_likely(record.results))}">{said}</span>'
    return (
        f'<p class="made"><b>{words.counted(record.ads, "ad")}</b> at Meta, {record.running:,} running{tag}'
        f"<small>{words.html(_spent(record))}</small></p>"
    )


def whole(record: TrackRecord | None) -> str:
    """HTML: sums, and how far they tell the template from the brand's average."""
    if record is None:
        return '<p class="vt-more">No ad was made from it yet.</p>'
    if not record.ads:
        return (
            f'<p class="vt-more">{words.counted(record.made, "ad")} made; none is at Meta yet, or none bears its token '
            "in its name.</p>"
        )
    ctr = "–" if record.ctr is None else words.percent(record.ctr, digits=2)
    facts = {
        "At Meta": f"{words.counted(record.ads, 'ad')} of {record.made:,} made, {record.running:,} running",
        "Spent": _spent(record),
        "Results": _against(record.results, "result"),
        "Clicks": f"{ctr} of impressions. {_against(record.clicks, 'click')}",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{words.html(value)}</dd>" for name, value in facts.items())
    return f'<dl class="vt-facts">{rows}</dl><p class="vt-more">{_WINDOW}</p>'


def _spent(record: TrackRecord) -> str:
    """Money by currency, and what a result cost."""
    said = []
    for money in record.money:
        cost = money.cost_per_result
        each = "" if cost is None else f" at {words.money(cost, money.currency)}"
        results = f"{words.counted(round(money.results), 'result')}{each}" if money.judged_spend else "no results told"
        said.append(f"{words.money(money.spend, money.currency)}, {results}")
    return " · ".join(said) or "nothing yet"


def _against(factor: Factor, what: str) -> str:
    """A count against what the brand's average gives for the same."""
    if not factor.expected:
        return "Nothing to hold it against yet."
    counted = words.counted(round(factor.counted), what)
    expected = f"{factor.expected:,.1f}" if factor.expected < 100 else f"{factor.expected:,.0f}"
    return f"{counted}; the brand's average gives {expected}. {_likely(factor)}"


def _likely(factor: Factor) -> str:
    low, high = factor.interval
    between = f"{low:.1f} to {high:.1f} times the average, 9 in 10 sure"
    if factor.standing == "open":
        return f"Too little to tell it from the average: {between}."
    return f"{'Better' if factor.standing == 'better' else 'Worse'}: {between}."
