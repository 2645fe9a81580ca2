"""What a brand's ads cover, by awareness stage and format, and what one cell of that map is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from viraltracker.creation import origins
from viraltracker.creatives import taxonomy
from viraltracker.web import board_columns, coverage_key, labels_view, video_view, words
from viraltracker.web.made_for import Ways

Json = dict[str, Any]

STAGES: Final = tuple(stage for stage in taxonomy.AWARENESS if stage != taxonomy.UNCLEAR)
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "UNTESTED": ("untested", "quiet"),
    "TESTED_WEAK": ("weak", "bad"),
    "TESTED_GOOD": ("good", "good"),
    "TESTED_UNCLEAR": ("not clear yet", "accent"),
}
"""What the state of a cell is called, and its tone."""
VERDICTS: Final[Mapping[str, tuple[str, str]]] = {
    "scale": ("Scale", "good"),
    "cut": ("Cut", "bad"),
    "keep_testing": ("Keep testing", "accent"),
    "learning": ("In learning", "warn"),
    "not_evaluated": ("Not judged", "quiet"),
}
GRID: Final = "coverage-grid"
LIKELY: Final = ("likely_better", "likely_worse")
LABELS_SHOWN: Final = 8


@dataclass(frozen=True)
class Map:
    """The cells by (stage, format), and the formats in the order of their columns.

    `gaps` are what is missing, by the same places; `judged` says whether the analysis says how sure it is of a cell.
    """

    cells: Mapping[tuple[str, str], Json]
    formats: Sequence[str]
    gaps: Mapping[tuple[str, str], Json]
    judged: bool
    price: float | None
    reason: str | None


def read(summary: Json) -> Map:
    """The map of a stored analysis; of one from before cells were judged, with what it knows of them."""
    found = summary.get("gaps")
    if found is None:
        cells = [cell for cell in summary["distribution"]["cells"] if _labelled(cell)]
        return _map(cells, [], judged=False, price=summary["target"]["value"], reason=None)
    return _map(found["cells"], found["gaps"], judged=True, price=found["price"], reason=found["reason"])


def _map(cells: Iterable[Json], gaps: Iterable[Json], *, judged: bool, price: float | None, reason: str | None) -> Map:
    by_place = {(cell["awareness"], cell["format"]): cell for cell in cells}
    formats = list(dict.fromkeys(place[1] for place in by_place))
    missing = {(gap["awareness"], gap["format"]): gap for gap in gaps}
    return Map(by_place, formats, missing, judged, price, reason)


def _labelled(cell: Json) -> bool:
    return cell["awareness"] in STAGES and cell["format"] not in (None, taxonomy.UNCLEAR)


def chosen(wanted: str | None, found: Map) -> tuple[str, str] | None:
    """The cell that an address names as stage.format, None where it names none of the map."""
    stage, _, shape = (wanted or "").partition(".")
    return (stage, shape) if stage in STAGES and shape in found.formats else None


def draw_map(found: Map, summary: Json, now: tuple[str, str] | None, go: Callable[[str, str], None]) -> None:
    """A button for each cell, which says in words what its colour shows; `go` is called with its stage and format."""
    st.html(f"<style>.st-key-{GRID} {{ --columns: {len(found.formats)}; }}{_marked(now)}</style>")
    with st.container(key=GRID, gap="small"):
        st.html('<span class="vt-axis">Stage ╲ Format</span>')
        for shape in found.formats:
            st.html(_head("format", shape))
        for stage in STAGES:
            st.html(_head("awareness", stage))
            for shape in found.formats:
                cell = found.cells.get((stage, shape))
                st.button(
                    button_label(stage, shape, cell, summary["currency"]),
                    key=f"cell-{tone(cell)}-{stage}-{shape}",
                    on_click=go,
                    args=(stage, shape),
                    help=wide(cell),
                    width="stretch",
                )
    st.html(_key(found, summary))


def _head(of_list: str, label: str) -> str:
    meant = words.html(labels_view.definition(of_list, label))
    return f'<span class="vt-head {of_list}" title="{meant}">{words.html(labels_view.name(label))}</span>'


def _marked(now: tuple[str, str] | None) -> str:
    if now is None:
        return ""
    place = "-".join(now)
    return f'[class$="-{place}"] button, [class*="-{place} "] button {{ outline: 3px solid var(--vt-accent); }}'


def button_label(stage: str, shape: str, cell: Json | None, currency: str) -> str:
    """Markdown: its place for who cannot see the axes, its cost, its ads and its state."""
    place = f"{labels_view.name(stage)} × {labels_view.name(shape)}:"
    if cell is None or not cell["ads"]:
        return f":small[{words.literal(place)}] **–** :gray[no ad]"
    ads, said = coverage_key.ads(cell), state(cell)[0]
    cost = "no sale" if _silent(cell) else "–"
    if cell["cpa"] is not None:
        cost = coverage_key.sign(tone(cell)) + words.money(cell["cpa"], currency)
    carried = " · one carries it" if cell.get("single_point") else ""
    return (
        f":small[{words.literal(place)}] **{words.literal(cost)}** :gray[{words.literal(f'{ads} · {said}{carried}')}]"
    )


def wide(cell: Json | None) -> str | None:
    """Why a cell's interval is very wide; None where it is not."""
    because = (cell or {}).get("wide_because")
    return f"Its 90 % interval is wide: {because}." if because else None


def _silent(cell: Json) -> bool:
    return bool(cell["conversions"] == 0 and cell["spend"])


def state(cell: Json | None) -> tuple[str, str]:
    """What a cell is called, and its tone; of an analysis that does not judge cells, nothing is clear."""
    if cell is None:
        return STATES["UNTESTED"]
    return STATES.get(cell.get("state", "TESTED_UNCLEAR"), STATES["TESTED_UNCLEAR"])


def tone(cell: Json | None) -> str:
    """The class of a cell, see `coverage_key.tone`."""
    return coverage_key.tone(cell is None or state(cell)[0] == "untested", (cell or {}).get("probability"))


def _key(found: Map, summary: Json) -> str:
    if not found.judged or found.price is None:
        said = "This analysis does not say yet how a cell did against the target, and how sure that is."
        return f'<p class="vt-more">{said} {coverage_key.UNTESTED}</p>'
    return coverage_key.html(f"{summary['target']['words']} of {words.money(found.price, summary['currency'])}")


def facts(cell: Json, found: Map, summary: Json) -> list[str]:
    """A cell in sentences."""
    currency, noun = summary["currency"], str(summary["goal"]).replace("_", " ")
    ads = words.counted(cell["ads"], "ad")
    if not cell["ads"]:
        return ["No ad has these two labels."]
    active = cell.get("active")
    running = "" if active is None else f", {active:,} of them active"
    spent = cell.get("tested")
    by = "" if spent is None or spent >= cell["ads"] else f" by {spent:,} of them"
    said = [f"{ads}{running}; {words.money(cell['spend'], currency)} spent{by}."]
    if cell["conversions"] is None:
        said.append(f"None of them buys {noun}s, so no cost can be given.")
    elif cell["cpa"] is None:
        said.append(f"No {noun} so far.")
    else:
        cost = f"CPA {words.money(cell['cpa'], currency)} on {words.counted(round(cell['conversions']), noun)}"
        low, high = cell.get("low"), cell.get("high")
        if low is not None:
            end = "or more" if high is None else f"to {words.money(high, currency)}"
            cost += f" (90 % interval {words.money(low, currency)} {end})"
        said.append(f"{cost}, against {words.money(summary['totals']['cpa'], currency)} in the whole account.")
    open_wide = wide(cell)
    said += [open_wide] if open_wide else []
    if cell.get("probability") is not None and found.price is not None:
        said.append(
            f"{words.sure(cell['probability'])} likely to be within {summary['target']['words']} of "
            f"{words.money(found.price, currency)}: {state(cell)[0]}."
        )
    if cell.get("single_point"):
        said.append("One ad carries most of this cell: when it wears out, the cell is gone.")
    return said


def angles(cell: Json, currency: str) -> str:
    """HTML: the angles inside a cell, nothing where there is none."""
    rows = "".join(
        f'<tr><td class="text">{words.html(labels_view.name(one["angle"]))}</td>'
        f'<td class="num">{one["ads"]:,}</td><td class="num">{words.money(one["spend"], currency)}</td>'
        f'<td class="num">{words.money(one["cpa"], currency)}</td><td>{_state_tag(one)}</td></tr>'
        for one in cell.get("angles") or []
    )
    return rows and (
        '<div class="vt-scroll"><table class="vt-table" aria-label="Angles in this cell"><tr><th scope="col">Angle</th>'
        '<th scope="col" class="num">Ads</th><th scope="col" class="num">Spend</th><th scope="col" class="num">CPA</th>'
        f'<th scope="col">State</th></tr>{rows}</table></div>'
    )


def _state_tag(cell: Json) -> str:
    name, shade = state(cell)
    return f'<span class="vt-tag {shade}">{words.html(name.capitalize())}</span>'


def brief(gap: Json, ways: Ways, currency: str) -> str:
    """HTML: what to make, why, from which ads, what it costs to learn, what would settle it, and the way to the ads."""
    said = gap["brief"]
    steps = "".join(f"<li>{words.html(step)}</li>" for step in said["do"])
    models = ", ".join(
        video_view.ad_link({"ad_id": ad_id, "name": f"ad {place}"}, ways.brand_id)
        for place, ad_id in enumerate(said["based_on"], start=1)
    )
    based = f"<p>Based on {models}.</p>" if models else ""
    labels = " ".join(labels_view.tag(kind, said[kind]) for kind in ("angle", "hook") if said[kind])
    value = words.money(gap["value_per_week"], currency, cents=False)
    untested = gap["kind"] == "untested"
    kind = "Untested" if untested else "One ad carries it"
    stake = words.stake_name({"gained": untested})
    return (
        f'<article class="vt-card"><header><span class="vt-tag accent">{kind}</span>{labels}'
        f'<span class="vt-stake" title="What it may be worth, weighed by how likely that is.">{words.html(value)} '
        f"<small>a week {stake}</small></span></header><h4>{words.html(said['title'])}</h4>"
        f"<p>{words.html(said['why'])}</p><ol>{steps}</ol>{based}"
        f"<p>Budget to learn: {words.html(words.money(said['budget_to_learn'], currency))}. "
        f"{words.html(said['would_settle'])}</p>{ways.html(origins.of_gap(gap['awareness'], gap['format']))}</article>"
    )


def ads(found: Sequence[Json], pictures: Mapping[str, str], brand_id: str | None, currency: str) -> str:
    """HTML: the ads of a cell, each with its picture, spend, cost and verdict; without a brand they lead nowhere."""
    return f'<div class="vt-leaders">{"".join(_ad(ad, pictures, brand_id, currency) for ad in found)}</div>'


def _ad(ad: Json, pictures: Mapping[str, str], brand_id: str | None, currency: str) -> str:
    picture = pictures.get(ad["ad_id"])
    shown = f'<img src="{words.html(picture)}" alt="">' if picture else "<i>No picture is stored</i>"
    name = words.html(ad["ad_name"] or ad["ad_id"])
    if brand_id is not None:
        name = video_view.ad_link({"ad_id": ad["ad_id"], "name": ad["ad_name"]}, brand_id)
    cost = "no conversion" if ad["conversions"] == 0 else "cost not known"
    if ad["cpa"] is not None:
        cost = f"<b>{words.html(words.money(ad['cpa'], currency))}</b> CPA"
    said, shade = VERDICTS.get(ad["verdict"], (ad["verdict"], "quiet"))
    if board_columns.verdict(ad) is board_columns.NO_VERDICT:
        said, shade = board_columns.NO_VERDICT
    return (
        f'<article class="vt-leader"><figure>{shown}</figure><h4>{name}</h4><p>{cost}</p>'
        f"<footer>{words.html(words.money(ad['spend'], currency))} spent"
        f'<span class="vt-tag {shade}" title="{words.html(ad["reason"])}">{words.html(said)}</span></footer></article>'
    )


def classified(summary: Json) -> str:
    """How much of the account is on the map."""
    known, currency = summary["classified"], summary["currency"]
    found = summary.get("gaps") or {}
    share = "–" if known["spend_share"] is None else words.part(known["spend_share"])
    said = (
        f"{share} of the spend is classified: {words.counted(known['ads'], 'ad')} by {known['creatives']:,} readings."
    )
    if known["ads_missing"]:
        missing = words.money(known["spend_missing"], currency)
        said += f" {words.counted(known['ads_missing'], 'ad')} with {missing} still to be read."
    if found.get("unlabelled"):
        lost = words.money(found["unlabelled_spend"], currency)
        said += (
            f" {words.counted(found['unlabelled'], 'ad')} with {lost} have no clear stage or format and are not here."
        )
    return said


def told(summary: Json) -> list[tuple[str, str]]:
    """What the labels of better and worse ads say, as (tone, sentence); the surest first.

    Insights of the analysis where it has some, else the labels that are likely better or worse.
    """
    insights = summary.get("insights")
    if insights:
        return [("accent", one["sentence"]) for one in insights[:LABELS_SHOWN]]
    effects = [tag for tag in summary.get("tags") or [] if tag["verdict"] in LIKELY]
    effects.sort(key=lambda tag: -max(tag["p_better"] or 0.0, tag["p_worse"] or 0.0))
    return [("good" if tag["verdict"] == LIKELY[0] else "bad", tag["reason"]) for tag in effects[:LABELS_SHOWN]]
