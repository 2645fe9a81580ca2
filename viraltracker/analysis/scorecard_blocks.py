"""A scorecard as blocks (see `analysis.blocks`): what happened, what won and lost, what moved, what came and went."""

from __future__ import annotations

from typing import Any

from viraltracker.analysis import blocks, tables
from viraltracker.analysis.blocks import days_in_words
from viraltracker.intelligence.plain import count, money

Json = dict[str, Any]

HEADLINE = (
    "spend",
    "purchases",
    "results",
    "cost_per_result",
    "cpa",
    "roas",
    "impressions",
    "cpm",
    "ctr",
    "hook_rate",
)
TOP_ADS = 6
NEAREST = 3
UNCHANGED = 0.0005
"""A change that reads as 0.0 %."""
CENT = 0.005
VERDICTS = {
    "scale": "winner",
    "cut": "loser",
    "keep_testing": "keep testing",
    "learning": "in learning",
    "not_evaluated": "not judged",
}

_SPEND = {"key": "spend_now", "from": "spend_before", "label": "Spend", "unit": "money"}
_CPA = {"key": "cpa_now", "from": "cpa_before", "label": "CPA", "unit": "money"}
_SHARE = {"key": "share", "label": "Of the change", "unit": "share"}
_SPEND_COLUMNS = [blocks.AD, _SPEND, {"key": "part", "label": "Change", "unit": "money_change"}, _SHARE, _CPA]
_CPA_COLUMNS = [
    blocks.AD,
    _SPEND,
    {"key": "conversions_now", "from": "conversions_before", "label": "Conv.", "unit": "count"},
    _CPA,
    {"key": "part", "label": "Moves the CPA by", "unit": "money_change"},
    _SHARE,
    {"key": "probability", "label": "Sure it moved", "unit": "rate"},
]
_LAUNCHED_COLUMNS = [
    blocks.AD,
    {"key": "first_day", "label": "First day", "unit": "text"},
    {"key": "spend_now", "label": "Spend", "unit": "money"},
    blocks.CONVERSIONS,
    blocks.CPA,
    *blocks.CPA_RANGE,
    {"key": "verdict", "label": "Verdict", "unit": "text"},
]
_STOPPED_COLUMNS = [
    blocks.AD,
    {"key": "last_day", "label": "Last day", "unit": "text"},
    _SPEND,
    {"key": "conversions", "label": "Conv., both", "unit": "count"},
    {"key": "cpa", "label": "CPA, both", "unit": "money"},
    {"key": "status", "label": "Now", "unit": "text"},
]
_PORTION_COLUMNS = [
    blocks.AD,
    blocks.SPEND,
    {"key": "spend_share", "label": "Share", "unit": "share"},
    blocks.CONVERSIONS,
    blocks.CPA,
]


def render(short: Json) -> list[Json]:
    """The blocks of a scorecard's summary (`analysis.scorecard`)."""
    window, prior = short["window"], short["prior_window"] if short["trends"]["evaluated"] else None
    against = f" against {prior['from']} to {prior['to']}" if prior else ""
    heading = f"{short['brand']}: {window['from']} to {window['to']}{against} ({days_in_words(window['days'])})"
    made: list[Json] = [{"kind": "heading", "text": heading}, {"kind": "text", "text": opening(short)}]
    if short["ads"]:
        made.append(blocks.metrics(short, HEADLINE))
        made += [*_verdicts(short), *_movement(short), _concentration(short)]
    made += [{"kind": "text", "text": note} for note in short["notes"]]
    return [block for block in made if block.get("items") != [] and (block.get("rows") != [] or "note" in block)]


def opening(short: Json) -> str:
    """What happened, in a few sentences; what stands in the way of saying more comes with it."""
    stand = [text for text in (short["arriving"], short["late"]) if text]
    if not short["ads"]:
        return " ".join(short["notes"]) or "There are no ads to show."
    totals, currency, noun = short["totals"], short["currency"], short["noun"]
    moved = {change["metric"]: change["relative"] for change in short["trends"]["changes"]}
    if not totals["spend"]:
        said = [f"No ad spent in these {days_in_words(short['window']['days'])}."]
    else:
        words = f"{money(totals['spend'], currency)} spent{_moved(moved.get('spend'))}"
        if totals["conversions"] is not None:
            words += f" for {count(totals['conversions'], noun)}{_moved(moved.get('conversions'))}"
        if totals["cpa"] is not None:
            words += f" at a CPA of {money(totals['cpa'], currency)}{_moved(moved.get('cpa'))}"
        said = [f"{words}."]
    counts = [
        count(len(short["winners"]), "sure winner"),
        count(len(short["losers"]), "sure loser"),
        "" if short["launched"]["reason"] else count(short["launched"]["count"], "new ad"),
        "" if short["stopped"]["reason"] else f"{short['stopped']['count']:,} stopped",
    ]
    said.append(f"{', '.join(part for part in counts if part)}.")
    return " ".join(said + stand)


def _moved(relative: float | None) -> str:
    if relative is None:
        return ""
    if abs(relative) < UNCHANGED:
        return " (unchanged)"
    return f" ({'up' if relative > 0 else 'down'} {abs(relative) * 100:.1f} %)"


def _verdicts(short: Json) -> list[Json]:
    if short["target"]["value"] is None:
        note = f"No ad can be called either: {_begin_small(short['target']['reason'] or 'there is no target CPA.')}"
        return [tables.table("Winners and losers", blocks.AD_COLUMNS, [], 0, note=note)]
    return [_winners(short), _losers(short)]


def _movement(short: Json) -> list[Json]:
    reason = short["trends"]["reason"]
    if not short["trends"]["evaluated"] and short["launched"]["reason"] == short["stopped"]["reason"] == reason:
        title = "Biggest changes, new and stopped ads"
        return [tables.table(title, _SPEND_COLUMNS, [], 0, note=f"Not known: {_begin_small(reason)}")]
    return [*_changes(short), _launched(short), _stopped(short)]


def _winners(short: Json) -> Json:
    if short["winners"]:
        note = f"At or under {_against(short)} with 90 % probability or more, on these days alone."
        return tables.table("Winners", blocks.AD_COLUMNS, short["winners"], TOP_ADS, note=note)
    return _nearest(short, "winner", "Nearest to winning", "Within it")


def _losers(short: Json) -> Json:
    if short["losers"]:
        note = f"More than a quarter over {_against(short)} with 90 % probability or more, on these days alone."
        return tables.table("Losers", blocks.AD_COLUMNS, short["losers"], TOP_ADS, note=note)
    return _nearest(short, "loser", "Nearest to losing", "Over it")


def _nearest(short: Json, kind: str, title: str, probability: str) -> Json:
    rows = short[f"nearest_{kind}s"]
    columns = [
        *blocks.AD_COLUMNS[:-1],
        {"key": "probability", "label": probability, "unit": "rate"},
        {"key": "needs_spend", "label": "Verdict after", "unit": "money"},
    ]
    note = f"No ad with {_least(short)} is a sure {kind} in these {days_in_words(short['window']['days'])}."
    if rows:
        note += f" Nearest to it, against {_against(short)}:"
        return tables.table(title, columns, rows, NEAREST, note=note)
    note += f" {short['target']['reason'] or 'None that could be judged is likely to become one.'}"
    return tables.table(f"{kind.capitalize()}s", columns, [], NEAREST, note=note)


def _against(short: Json) -> str:
    return f"{short['target']['words']} of {money(short['target']['value'], short['currency'])}"


def _least(short: Json) -> str:
    return f"{money(short['min_spend'], short['currency'])} of spend or more" if short["min_spend"] else "spend"


def _changes(short: Json) -> list[Json]:
    if not short["trends"]["evaluated"]:
        return [tables.table("Biggest changes", _SPEND_COLUMNS, [], 0, note=short["trends"]["reason"])]
    spend, cpa, currency = short["changes"]["spend"], short["changes"]["cpa"], short["currency"]
    made = []
    if spend["reason"]:
        made.append(tables.table("What moved the spend", _SPEND_COLUMNS, [], 0, note=spend["reason"]))
    else:
        note = f"The changes add up to the account's {_signed(spend['account']['part'], currency)}.{_no_shares(spend)}"
        made.append(_moves("What moved the spend", _SPEND_COLUMNS, spend, note))
    if cpa["reason"]:
        return [*made, tables.table("What moved the CPA", _CPA_COLUMNS, [], 0, note=cpa["reason"])]
    note = (
        f"An ad's part is (spend − {money(cpa['reference'], currency)} × conversions) ÷ the account's conversions, now "
        f"less before; {money(cpa['reference'], currency)} is the mean of both CPAs. The parts add up to the account's "
        f"{_signed(cpa['account']['part'], currency)}.{_no_shares(cpa)}{_apart(short)}"
    )
    return [*made, _moves("What moved the CPA", _CPA_COLUMNS, cpa, note)]


def _moves(title: str, columns: list[Json], moves: Json, note: str) -> Json:
    rest, everything = moves["rest"], moves["account"]
    if everything["share"] is None:
        columns = [column for column in columns if column is not _SHARE]
    sums = [{**rest, "ad_name": f"The other {rest['ads']:,} ads"}] if rest else []
    sums.append({**everything, "ad_name": "Whole account" if everything["ads"] > 1 else "The account"})
    return _with_sums(tables.table(title, columns, moves["top"], len(moves["top"]), note=note), sums)


def _no_shares(moves: Json) -> str:
    if moves["account"]["share"] is not None or not moves["account"]["part"]:
        return ""
    return " It is small beside what moved up and down within it, so shares of it are not given."


def _apart(short: Json) -> str:
    """Spend that is no part of the CPA, so that the table adds up to the account."""
    account, totals, before = short["changes"]["cpa"]["account"], short["totals"], short["prior_totals"]
    now = (totals["spend"] or 0.0) - (account["spend_now"] or 0.0)
    then = (before["spend"] or 0.0) - (account["spend_before"] or 0.0)
    if max(now, then) < CENT:
        return ""
    return (
        f" Spend of {money(now, short['currency'])} now and {money(then, short['currency'])} before is no part of it: "
        f"those ads do not buy {short['noun']}s, or do not report them."
    )


def _launched(short: Json) -> Json:
    found, judged = short["launched"], short["verdicts"]
    if found["reason"]:
        return tables.table(
            "New ads", _LAUNCHED_COLUMNS, [], 0, note=f"Which ads are new is not known: {_begin_small(found['reason'])}"
        )
    rows = [{**row, **judged[row["ad_id"]]} for row in found["ads"]]
    back = short["back"]["together"]
    again = ""
    if back:
        names = ", ".join(f"“{row['ad_name'] or row['ad_id']}”" for row in short["back"]["ads"][:3])
        more = f" and {back['ads'] - 3:,} more" if back["ads"] > 3 else ""
        again = f"Back after a pause: {names}{more}, {money(back['spend_now'], short['currency'])} spent."
    if not rows:
        return tables.table("New ads", _LAUNCHED_COLUMNS, [], 0, note=f"No ad ran for the first time. {again}".strip())
    made = tables.table("New ads", _LAUNCHED_COLUMNS, rows, TOP_ADS, **({"note": again} if again else {}))
    return _with_sums(_of(found, made), _together(found["together"], "new ads"))


def _stopped(short: Json) -> Json:
    found = short["stopped"]
    if found["reason"]:
        return tables.table(
            "Stopped", _STOPPED_COLUMNS, [], 0, note=f"Which ads stopped is not known: {_begin_small(found['reason'])}"
        )
    if not found["ads"]:
        return tables.table("Stopped", _STOPPED_COLUMNS, [], 0, note="Every ad that ran is still running.")
    before = f"before {short['window']['from']}"
    rows = [{**row, "last_day": row["last_day"] or before, "status": _status(row["status"])} for row in found["ads"]]
    note = "Conversions and CPA are of both periods together."
    made = tables.table("Stopped", _STOPPED_COLUMNS, rows, TOP_ADS, note=note)
    return _with_sums(_of(found, made), _together(found["together"], "that stopped"))


def _of(found: Json, table: Json) -> Json:
    """The same, with the ads left out that the summary does not list either."""
    return {**table, "more": max(0, found["count"] - len(table["rows"]))}


def _begin_small(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _status(status: str | None) -> str:
    match status:
        case None:
            return "unknown"
        case "ACTIVE":
            return "on, not delivered"
        case _:
            return status.replace("_", " ").lower()


def _together(row: Json, what: str) -> list[Json]:
    if row["ads"] < 2:
        return []
    name = f"All {row['ads']:,} {what}"
    return [{**row, "ad_name": name, "first_day": "", "last_day": "", "status": "", "verdict": ""}]


def _concentration(short: Json) -> Json:
    found, currency = short["concentration"], short["currency"]
    if not found["top"]:
        return tables.table("Where the spend went", _PORTION_COLUMNS, [], 0)
    had = "" if found["top_share_before"] is None else f", before {found['top_share_before'] * 100:.1f} %"
    note = f"The {len(found['top'])} largest ads have {found['top_share'] * 100:.1f} % of the spend{had}."
    if not found["rest"]:
        note = f"All of the spend is on {count(len(found['top']), 'ad')}."
    difference = (short["totals"]["spend"] or 0.0) - found["account"]["spend"]
    if abs(difference) >= CENT:
        note += f" The account's total is {money(difference, currency)} away from the sum of its ads."
    rest, everything = found["rest"], found["account"]
    sums = [{**rest, "ad_name": f"The other {rest['ads']:,} ads"}] if rest and rest["ads"] > 1 else []
    sums += [{**rest, "ad_name": "The other ad"}] if rest and rest["ads"] == 1 else []
    sums.append({**everything, "ad_name": "Whole account"})
    rows = found["top"]
    return _with_sums(tables.table("Where the spend went", _PORTION_COLUMNS, rows, len(rows), note=note), sums)


def _with_sums(table: Json, sums: list[Json]) -> Json:
    """The same with rows that are about several ads, and so have no `ad_id`."""
    keys = [column[part] for column in table["columns"] for part in ("key", "from") if part in column]
    return {**table, "rows": table["rows"] + [{key: row.get(key) for key in keys} for row in sums]}


def _signed(amount: float, currency: str) -> str:
    return f"{'−' if amount < 0 else '+'}{money(abs(amount), currency)}"
